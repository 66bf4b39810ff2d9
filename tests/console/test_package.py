"""What is committed is what the source gives, and small enough."""

from __future__ import annotations

import gzip
import re
import sys
import zlib
from pathlib import Path

from sluiceway.actions.flow._conditions import OPERATORS
from sluiceway.api.console.files import CONSOLE_FOLDER

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import console_digest  # noqa: E402 - found by the line above


def test_the_committed_build_is_of_this_source() -> None:
    built_from = (CONSOLE_FOLDER / "source.sha256").read_text().strip()

    assert built_from == console_digest.digest(), "run make console, and commit what it made"


def test_the_first_load_is_small_and_so_is_the_whole() -> None:
    files = [path for path in CONSOLE_FOLDER.rglob("*") if path.is_file()]
    page = (CONSOLE_FOLDER / "index.html").read_text()
    first = [CONSOLE_FOLDER / name for name in re.findall(r'(?:src|href)="/(assets/[^"]+)"', page)]
    font = next(CONSOLE_FOLDER.glob("assets/inter-latin-wght-*.woff2"))

    assert len(first) == 2
    loaded = sum(len(gzip.compress(path.read_bytes(), 9)) for path in [*first, font])
    assert loaded < 250_000
    # As the wheel has them, each file compressed by itself.
    assert sum(len(zlib.compress(path.read_bytes())) for path in files) < 500_000


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in CONSOLE_FOLDER.rglob("*.css"):
        assert not re.search(r"url\((['\"]?)https?:", path.read_text())
    assert "https://" not in (CONSOLE_FOLDER / "index.html").read_text()


def test_the_builder_knows_the_engines_operators() -> None:
    source = (ROOT / "console/src/flow/conditions.ts").read_text()
    table = re.findall(r"\['([A-Z_]+)', '([^']+)', ([12])\]", source)

    assert table == [
        (one.code, one.label, "2" if one.is_binary else "1") for one in OPERATORS.values()
    ]
