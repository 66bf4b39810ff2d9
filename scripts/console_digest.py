"""Print the SHA-256 of the console's source: what the committed build was made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

CONSOLE = Path(__file__).resolve().parent.parent / "console"
_FILES = ("index.html", "package-lock.json", "tsconfig.json", "vite.config.ts")
_FOLDERS = ("src", "public", "scripts")


def digest() -> str:
    """Return the digest of every file that the build reads, by its path and bytes."""
    paths = [CONSOLE / name for name in _FILES]
    paths += [path for name in _FOLDERS for path in (CONSOLE / name).rglob("*") if path.is_file()]
    made = hashlib.sha256()
    for path in sorted(paths):
        data = path.read_bytes()
        made.update(f"{path.relative_to(CONSOLE).as_posix()} {len(data)}\n".encode())
        made.update(data)
    return made.hexdigest()


if __name__ == "__main__":
    print(digest())
