"""What JavaScript gives, row by row: the project's vectors, and more from scripts/."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluiceway.errors import ExpressionEvaluationError, ExpressionSyntaxError
from sluiceway.expressions import Scope, Value, compile_expression, compile_template
from sluiceway.expressions.values import Undefined

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("expressions*.jsonl"))


def _rows(*, documented: bool, checked: bool = False) -> list[Any]:
    found: list[Any] = []
    for path in GOLDEN:
        first, *rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
        for row in rows:
            if row.get("documented", True) is documented and ("check" in row) is checked:
                row["data"] = first["_meta"]["context"]
                found.append(pytest.param(row, id=f"{path.stem}-{row['id']}"))
    return found


def _encode(value: Value) -> Any:
    if isinstance(value, Undefined):
        return {"$undefined": True}
    if isinstance(value, list):
        return [*map(_encode, value)]
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        text = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {"$number": text}
    if isinstance(value, float) and not value and math.copysign(1, value) < 0:
        return {"$number": "-0"}
    return value


def _is_same(found: Any, expected: Any) -> bool:
    """Compare as JSON does: true is not 1, but 1.0 is 1."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_is_same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        # In order, too: it shows when an object becomes text.
        pairs = zip(found.items(), expected.items(), strict=False)
        return len(found) == len(expected) and all(
            a[0] == b[0] and _is_same(a[1], b[1]) for a, b in pairs
        )
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return float(found) == float(expected)
    return type(found) is type(expected) and found == expected


def _run(row: dict[str, Any], make_scope: Callable[..., Scope]) -> Any:
    """Return ``{value}``, or the phase that refused as ``{error}``."""
    scope = make_scope(**row["data"])
    try:
        if "template" in row:
            value = compile_template(row["template"]).evaluate(scope)
        else:
            value = compile_expression(row["expr"]).evaluate(scope)
    except ExpressionSyntaxError:
        return {"error": "syntax"}
    except ExpressionEvaluationError:
        return {"error": "evaluation"}
    return {"value": _encode(value)}


@pytest.mark.parametrize("row", _rows(documented=True))
def test_gives_what_javascript_gives(row: dict[str, Any], make_scope: Callable[..., Scope]) -> None:
    found = _run(row, make_scope)

    assert _is_same(found, row["expect"]), f"expected {row['expect']}, found {found}"


@pytest.mark.parametrize("row", _rows(documented=False))
def test_what_is_not_documented_is_refused_or_does_as_in_javascript(
    row: dict[str, Any], make_scope: Callable[..., Scope]
) -> None:
    found = _run(row, make_scope)

    # A name that nothing is called is undefined, as Auth0's page has it of unresolved variables.
    undefined = {"value": {"$undefined": True}}
    assert "error" in found or found == row["expect"] or found == undefined


@pytest.mark.parametrize("row", _rows(documented=True, checked=True))
def test_what_differs_each_time_has_its_form(
    row: dict[str, Any], make_scope: Callable[..., Scope]
) -> None:
    value, check = _run(row, make_scope)["value"], row["check"]

    if "regex" in check:
        assert re.fullmatch(check["regex"], value)
    else:
        assert check["min"] <= value <= check["max"]
        assert check["type"] != "integer" or isinstance(value, int)


def test_the_vectors_are_all_there() -> None:
    rows = [*_rows(documented=True), *_rows(documented=False)]

    assert len(rows) > 440
