"""FLOW/STORE_VARS: values for later steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "FLOW/STORE_VARS"


def test_values_keep_their_types_and_objects_stay_whole(bench: Workbench) -> None:
    context = bench.context(actions={"is_valid": {"result": True}}, fields={"n": 5})
    outcome = bench.outcome(
        NAME,
        {
            "vars": {
                "is_error": "{{actions.is_valid}}",
                "n": "{{fields.n}}",
                "text": "{{fields.n}}!",
                "none": "{{fields.missing}}",
            }
        },
        context,
    )

    assert outcome.vars == {"is_error": {"result": True}, "n": 5, "text": "5!", "none": None}
    assert outcome.output == {}


@pytest.mark.parametrize("value", [None, "x", [], "{{fields.missing}}"])
def test_vars_are_an_object(bench: Workbench, value: object) -> None:
    with pytest.raises(InvalidActionParams):
        bench.outcome(NAME, {"vars": value})
