"""What LiquidJS 10.30.1 printed, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluiceway.errors import LanguageError
from sluiceway.liquid import parse

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("liquid*.jsonl"))


def _rows() -> list[Any]:
    lines = [line for path in GOLDEN for line in path.read_text("utf-8").split("\n") if line]
    rows = [json.loads(line) for line in lines]
    return [pytest.param(row, id=row["id"]) for row in rows if "_meta" not in row]


@pytest.mark.parametrize("row", _rows())
def test_prints_what_liquidjs_prints(row: dict[str, Any]) -> None:
    options = row.get("options", {})
    strict_filters = options.get("strictFilters", False)
    try:
        found = parse(row["template"], strict_filters=strict_filters).render(
            row["data"],
            templates=row.get("templates", {}),
            strict_variables=options.get("strictVariables", False),
            strict_filters=strict_filters,
        )
        phase = None
    except LanguageError as error:
        found = None
        phase = error.phase

    assert found == row.get("expect")
    assert phase == row.get("expect_error", {}).get("phase")
