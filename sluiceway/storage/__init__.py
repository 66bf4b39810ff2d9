"""Where objects, executions and messages are kept: interfaces, and one adapter a database."""

from __future__ import annotations

from sluiceway.storage.open import open_store

__all__ = ["open_store"]
