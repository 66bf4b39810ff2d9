"""JSON/CREATE_JSON: an object, its expressions resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "JSON/CREATE_JSON"


def test_values_keep_their_types(bench: Workbench) -> None:
    context = bench.context(fields={"n": 5, "list": [1, None]})
    given = {"a": "{{fields.n}}", "b": {"c": ["{{fields.list}}", "n={{fields.n}}", True, None]}}

    output = bench.run(NAME, {"object": given}, context)

    assert output == {"result": {"a": 5, "b": {"c": [[1, None], "n=5", True, None]}}}


@pytest.mark.parametrize("value", [None, "x", [1], 5, "{{fields.missing}}"])
def test_only_objects(bench: Workbench, value: Any) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"object": value})
