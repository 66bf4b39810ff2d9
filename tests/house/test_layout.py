"""The house keeps its rules: wire names are paths, modules stay small, the tree is as drawn."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from sluiceway import errors
from sluiceway.actions.base import ActionSpec
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.actions.known import NOT_OFFERED

PACKAGE = Path(errors.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 500
LONGEST_FUNCTION = 80


@pytest.mark.parametrize("spec", InstalledActions().all(), ids=lambda spec: spec.name)
def test_a_wire_name_is_a_path(spec: ActionSpec[Any]) -> None:
    module = f"sluiceway.actions.{spec.type_.lower()}.{spec.action.lower()}"

    assert spec.run.__module__ == module
    assert (spec.type_, spec.action) not in NOT_OFFERED


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_has_a_docstring_and_stays_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)

    assert ast.get_docstring(tree)
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


def test_the_drawn_tree_names_every_error_under_its_parent() -> None:
    drawn: dict[str, str] = {}
    parents: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        name = words.split()[0] if words.split() else ""
        if name not in errors.__all__:
            continue
        depth = (len(words) - len(words.lstrip())) // 4 - 1
        parents[depth:] = [name]
        drawn[name] = parents[depth - 1] if depth else "Exception"

    actual = {name: getattr(errors, name).__base__.__name__ for name in errors.__all__}

    assert drawn == actual


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [getattr(errors, name).code for name in errors.__all__]

    assert len(set(codes)) == len(codes)
    assert all(code.startswith("ERR_") for code in codes)
