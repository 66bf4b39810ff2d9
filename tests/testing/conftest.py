"""The plugin's tenant, in place of the one that the other tests use."""

from __future__ import annotations

from sluiceway.testing.plugin import tenant

__all__ = ["tenant"]
