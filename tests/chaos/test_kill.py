"""The kill suite in small: ``python -m tests.chaos`` is the whole of it."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import pytest

CHAOS = runpy.run_path(str(Path(__file__).with_name("__main__.py")), run_name="chaos")


@pytest.mark.parametrize(
    "point",
    ["after claim", "before append", "after append", "done create", "done mail", "before finish"],
)
def test_nothing_is_lost_and_nothing_done_twice(point: str, tmp_path: Path) -> None:
    verdict = CHAOS["run_point"](
        point,
        executions=24,
        folder=tmp_path,
        chance=random.Random(point),  # noqa: S311 - where to kill
        deaths_wanted=1,
    )
    assert verdict["breaches"] == []
    assert verdict["unknown"] == 0
    assert verdict["last_run_s"] < CHAOS["LEASE_S"] + CHAOS["GRACE_S"]


def test_a_call_that_cannot_be_looked_up_is_never_made_twice(tmp_path: Path) -> None:
    verdict = CHAOS["run_point"](
        "done post",
        executions=24,
        folder=tmp_path,
        chance=random.Random(3),  # noqa: S311 - as above
        deaths_wanted=1,
    )
    assert verdict["breaches"] == []
    assert verdict["unknown"] > 0


def test_a_process_that_was_frozen_beyond_its_lease_goes_on(tmp_path: Path) -> None:
    verdict = CHAOS["run_point"](
        "frozen",
        executions=24,
        folder=tmp_path,
        chance=random.Random(4),  # noqa: S311 - as above
        deaths_wanted=1,
    )
    assert verdict["breaches"] == []
    assert verdict["repeated_calls"] == 0
