"""FLOW/DO_NOTHING: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.actions.base import StepOutcome
from sluiceway.models.flow import Action

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench


def test_it_leaves_nothing(bench: Workbench) -> None:
    assert bench.outcome("FLOW/DO_NOTHING", {}) == StepOutcome(output={})


def test_it_needs_no_params() -> None:
    action = Action.from_json({"id": "a", "type": "FLOW", "action": "DO_NOTHING"})

    assert action.params == {}
