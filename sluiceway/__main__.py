"""``python -m sluiceway``: the same as the command ``sluiceway``."""

from __future__ import annotations

from sluiceway.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
