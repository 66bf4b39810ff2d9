"""FLOW/ERROR_MESSAGE: the flow ends with a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "FLOW/ERROR_MESSAGE"


def test_the_message_is_the_result_and_nothing_follows(bench: Workbench) -> None:
    context = bench.context(fields={"name": "Ada"})

    outcome = bench.outcome(NAME, {"message": "Sorry, {{fields.name}}."}, context)

    assert outcome.ends_flow
    assert outcome.output == outcome.result == {"message": "Sorry, Ada."}


@pytest.mark.parametrize("message", ["m" * 2049, "{{fields.missing}}", 7])
def test_the_message_is_a_text_of_at_most_2048(bench: Workbench, message: object) -> None:
    with pytest.raises(InvalidActionParams):
        bench.outcome(NAME, {"message": message})
    assert bench.outcome(NAME, {"message": "m" * 2048}).ends_flow
