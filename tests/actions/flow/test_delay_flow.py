"""FLOW/DELAY_FLOW: the moment to go on at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "FLOW/DELAY_FLOW"


@pytest.mark.parametrize(
    ("params", "delay"),
    [
        ({"number": 0}, timedelta(0)),
        ({"number": 90}, timedelta(seconds=90)),
        ({"number": 90, "units": "SECONDS"}, timedelta(seconds=90)),
        ({"number": 5, "units": "MINUTES"}, timedelta(minutes=5)),
        ({"number": "2", "units": "HOURS"}, timedelta(hours=2)),
        ({"number": " 0010 ", "units": "DAYS"}, timedelta(days=10)),
        ({"number": 3650, "units": "DAYS"}, timedelta(days=3650)),
    ],
)
def test_it_counts_from_when_the_step_was_first_reached(
    bench: Workbench, params: dict[str, Any], delay: timedelta
) -> None:
    context = bench.context()
    context.attempt_began_at = bench.clock() - timedelta(hours=1)

    outcome = bench.outcome(NAME, params, context)

    assert outcome.wake_at == context.attempt_began_at + delay
    assert outcome.output == {}


@pytest.mark.parametrize(
    "params",
    [
        {"number": -1},
        {"number": "-1"},
        {"number": "1.5"},
        {"number": 1.5},
        {"number": ""},
        {"number": "٣"},
        {"number": "9" * 250},
        {"number": "9" * 251},
        {"number": 3651, "units": "DAYS"},
        {"number": 1, "units": "WEEKS"},
        {"number": None},
        {},
    ],
)
def test_what_is_no_delay_is_refused(bench: Workbench, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        bench.outcome(NAME, params)
