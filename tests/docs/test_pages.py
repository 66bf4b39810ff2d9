"""Every page is followed; everything a user can name has a page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, Reader, blocks_of, commands_of, pattern_of

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_does_what_it_shows(path: Path, reader: Reader) -> None:
    if not any(block.language in {"console", "python"} for block in blocks_of(path)):
        pytest.skip("nothing to run on this page")
    if "decisions" in path.parts or "extending" in path.parts or "reference" in path.parts:
        pytest.skip("shown, not run: other tests run what it is about")

    assert reader.follow(path)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    missing = [link for link in _LINK.findall(text) if not (path.parent / link).exists()]

    assert not missing


def test_the_reference_is_as_the_code_is() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "make_reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_block_is_read_as_it_is_meant() -> None:
    assert list(commands_of("$ a \\\n>   b\nout\n$ c\n")) == [("a b", "out"), ("c", "")]
    assert re.fullmatch(pattern_of("x … z\nend"), "x y\nq z\nend", re.DOTALL)
    assert not re.fullmatch(pattern_of("x … z"), "x y", re.DOTALL)
