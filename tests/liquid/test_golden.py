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
    found: list[Any] = []
    for path in GOLDEN:
        lines = [line for line in path.read_text("utf-8").split("\n") if line]
        first, *rows = [json.loads(line) for line in lines]
        # The first line may bring the data of every row.
        shared = {"data": first["_meta"].get("data", {})}
        found += [pytest.param(shared | row, id=f"{path.stem}-{row['id']}") for row in rows]
    return found


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
