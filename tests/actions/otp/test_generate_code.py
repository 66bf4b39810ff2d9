"""OTP/GENERATE_CODE: digits, kept as a hash for five minutes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "OTP/GENERATE_CODE"


@pytest.mark.parametrize("length", range(1, 11))
def test_it_has_that_many_digits(bench: Workbench, length: int) -> None:
    code = bench.run(NAME, {"reference": "ada@x.example", "length": length})["code"]

    assert isinstance(code, str)
    assert len(code) == length
    assert code.isascii()
    assert code.isdigit()


def test_codes_differ_by_execution_and_step_and_may_start_with_zero(bench: Workbench) -> None:
    codes = [
        bench.run(NAME, {"reference": "r", "length": 6}, bench.context("otp", f"afe_{i}"))["code"]
        for i in range(60)
    ]

    assert len(set(codes)) > 55
    assert len(Counter("".join(codes))) == 10
    one, two = (
        bench.run(NAME, {"reference": "r", "length": 10}, bench.context(step))["code"]
        for step in ("a", "b")
    )
    assert one != two


def test_a_step_that_is_tried_again_gives_the_same_code(bench: Workbench) -> None:
    first, second = (
        bench.run(NAME, {"reference": "r", "length": 10}, bench.context("otp", "afe_9"))
        for _ in range(2)
    )

    assert first == second


def test_the_code_is_never_kept_in_clear(bench: Workbench) -> None:
    code = bench.run(NAME, {"reference": "ada@x.example", "length": 8})["code"]

    kept: Any = bench.wait_for(bench.store.codes.get("ada@x.example"))
    assert code.encode() not in kept.digest + kept.salt
    assert code.lstrip("0").encode() not in kept.digest + kept.salt
    assert len(kept.salt) == 16
    assert len(kept.digest) == 32
    assert kept.expires_at - bench.clock() == pytest.approx(
        timedelta(minutes=5), abs=timedelta(milliseconds=1)
    )


def test_the_same_code_is_kept_differently_for_each_reference(bench: Workbench) -> None:
    context = bench.context
    for reference in ("a", "b"):
        bench.run(NAME, {"reference": reference, "length": 6}, context("otp", "afe_1"))

    kept: Any = [bench.wait_for(bench.store.codes.get(reference)) for reference in ("a", "b")]
    assert kept[0].digest != kept[1].digest


@pytest.mark.parametrize(
    "params",
    [
        {"reference": "r", "length": 0},
        {"reference": "r", "length": 11},
        {"reference": "r", "length": "6"},
        {"reference": "r", "length": 6.5},
        {"reference": "r" * 251, "length": 6},
        {"reference": "{{context.user.email}}", "length": 6},
        {"reference": 5, "length": 6},
        {"length": 6},
    ],
)
def test_the_limits_are_auth0s(bench: Workbench, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, params)


def test_an_empty_reference_is_one_like_another(bench: Workbench) -> None:
    code = bench.run(NAME, {"reference": "", "length": 6})["code"]

    assert bench.run("OTP/VERIFY_CODE", {"reference": "", "code": code})["valid"] is True
