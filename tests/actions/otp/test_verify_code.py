"""OTP/VERIFY_CODE: right once, in time, and after few wrong ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.actions.otp._codes import MOST_ATTEMPTS, canonical
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "OTP/VERIFY_CODE"
ADA = "ada@x.example"


def _generate(bench: Workbench, reference: str = ADA, length: int = 6) -> str:
    params = {"reference": reference, "length": length}
    code: str = bench.run("OTP/GENERATE_CODE", params)["code"]
    return code


def _verify(bench: Workbench, code: Any, reference: str = ADA, execution: str = "afe_2") -> Any:
    context = bench.context("verify", execution)
    return bench.run(NAME, {"reference": reference, "code": code}, context)


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def test_the_right_code_is_valid_once(bench: Workbench) -> None:
    code = _generate(bench)

    assert _verify(bench, code) == {"valid": True, "result": "VALID"}
    assert _verify(bench, code, execution="afe_3") == {"valid": False, "result": "MISSING"}


def test_a_step_that_is_tried_again_after_a_crash_is_still_right(bench: Workbench) -> None:
    code = _generate(bench)

    assert _verify(bench, code)["valid"] is True
    assert _verify(bench, code)["valid"] is True


def test_a_wrong_code_is_unequal_and_the_right_one_still_works(bench: Workbench) -> None:
    code = _generate(bench)

    assert _verify(bench, _wrong(code)) == {"valid": False, "result": "UNEQUAL"}
    assert _verify(bench, code)["valid"] is True


@pytest.mark.parametrize(
    ("seconds", "result"), [(299, "VALID"), (300, "EXPIRED"), (9e6, "EXPIRED")]
)
def test_five_minutes(bench: Workbench, seconds: float, result: str) -> None:
    code = _generate(bench)
    bench.clock.advance(seconds=seconds)

    assert _verify(bench, code)["result"] == result


def test_a_reference_without_a_code(bench: Workbench) -> None:
    _generate(bench)

    assert _verify(bench, "123456", "bob@x.example") == {"valid": False, "result": "MISSING"}


def test_a_newer_code_replaces_the_older(bench: Workbench) -> None:
    older = bench.run(
        "OTP/GENERATE_CODE", {"reference": ADA, "length": 9}, bench.context("a", "afe_8")
    )["code"]
    newer = _generate(bench, length=9)

    assert _verify(bench, older)["result"] == "UNEQUAL"
    assert _verify(bench, newer)["result"] == "VALID"


def test_wrong_codes_are_limited_and_a_new_code_starts_afresh(bench: Workbench) -> None:
    code = _generate(bench)
    for _ in range(MOST_ATTEMPTS):
        assert _verify(bench, _wrong(code))["result"] == "UNEQUAL"

    assert _verify(bench, code) == {"valid": False, "result": "MISSING"}
    assert _verify(bench, _generate(bench))["valid"] is True


def test_guessing_at_once_gets_no_more_tries(bench: Workbench) -> None:
    code = _generate(bench)

    async def guess_all() -> list[Any]:
        guesses = [f"{n:06d}" for n in range(40) if n != int(code)]
        return await asyncio.gather(
            *(
                bench.outcome_async(
                    NAME, {"reference": ADA, "code": guess}, bench.context("v", f"afe_{guess}")
                )
                for guess in guesses
            )
        )

    results = [outcome.output["result"] for outcome in bench.wait_for(guess_all())]
    assert results.count("UNEQUAL") == MOST_ATTEMPTS
    assert set(results) == {"UNEQUAL", "MISSING"}


def test_of_many_with_the_right_code_one_may_use_it(bench: Workbench) -> None:
    code = _generate(bench)

    async def use_all() -> list[Any]:
        return await asyncio.gather(
            *(
                bench.outcome_async(
                    NAME, {"reference": ADA, "code": code}, bench.context("v", f"afe_{i}")
                )
                for i in range(MOST_ATTEMPTS)
            )
        )

    outputs = [outcome.output for outcome in bench.wait_for(use_all())]
    assert [output["valid"] for output in outputs].count(True) == 1


@pytest.mark.parametrize(
    ("typed", "kept", "same"),
    [
        ("012345", "012345", True),
        ("12345", "012345", True),
        (" 012345\n", "012345", True),
        ("0", "0000", True),
        ("", "0000", True),
        ("123450", "012345", False),
        ("0012345a", "012345", False),
    ],
)
def test_leading_zeros(typed: str, kept: str, same: bool) -> None:  # noqa: FBT001
    assert (canonical(typed) == canonical(kept)) is same


def test_a_number_field_that_lost_its_zeros_is_right(bench: Workbench) -> None:
    for number in range(200):
        context = bench.context("otp", f"afe_x{number}")
        code = bench.run("OTP/GENERATE_CODE", {"reference": ADA, "length": 4}, context)["code"]
        if code.startswith("0"):
            break
    assert code.startswith("0")

    given = bench.context("verify", "afe_y", fields={"verification_code": int(code)})
    output = bench.run(NAME, {"reference": ADA, "code": "{{fields.verification_code}}"}, given)
    assert output["valid"] is True


@pytest.mark.parametrize(
    "code", [-1, 10_000_000_000, 1.5, None, True, "1" * 251, [], "{{fields.missing}}"]
)
def test_the_limits_are_auth0s(bench: Workbench, code: Any) -> None:
    with pytest.raises(InvalidActionParams):
        _verify(bench, code)


@pytest.mark.parametrize("code", ["", "abc", "１２３４５６", "12 34 56", "x" * 250])
def test_any_text_is_only_a_wrong_code(bench: Workbench, code: str) -> None:
    _generate(bench)

    assert _verify(bench, code)["result"] == "UNEQUAL"
