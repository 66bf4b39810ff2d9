"""Discovery finds modules by their constant, skips private ones, and names a wrong kind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sluiceway.extensions import discover, discover_entry_points

GROUP = "sluiceway.test-group"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"found_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / name
    (folder / "inner").mkdir(parents=True)
    for path, text in {
        "__init__.py": "",
        "base.py": "THING = 0",
        "_private.py": "THING = 0",
        "b.py": "THING = 2",
        "a.py": "THING = 1",
        "other.py": "",
        "inner/__init__.py": "",
        "inner/c.py": "THING = 3",
    }.items():
        (folder / path).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name  # type: ignore[misc]
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]


def test_modules_take_part_by_their_constant(package: str) -> None:
    found = dict(discover(package, "THING", int))

    assert found == {f"{package}.a": 1, f"{package}.b": 2, f"{package}.inner.c": 3}


def test_a_constant_of_another_kind_is_named(package: str) -> None:
    with pytest.raises(TypeError, match=r"\.a\.THING is int, expected str"):
        list(discover(package, "THING", str))


def test_other_distributions_take_part_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nbig = sys:maxsize\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert list(discover_entry_points(GROUP, int)) == [("big", sys.maxsize)]
    with pytest.raises(TypeError, match="entry point big"):
        list(discover_entry_points(GROUP, str))


def test_a_package_that_breaks_is_reported_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "breaks_on_import.py").write_text("raise OSError('no disk')")
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    points = "[sluiceway.tests.broken]\nbad = breaks_on_import:X\ngood = sys:maxsize\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))

    found = list(discover_entry_points("sluiceway.tests.broken", int))

    assert found == [("good", sys.maxsize)]
    assert (
        "bad (breaks_on_import:X) cannot be loaded and is left out: OSError: no disk" in caplog.text
    )
