"""Params that break the schema are told in AJV's words, with a pointer each and never a value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params
from sluiceway.engine.params import convert_params
from sluiceway.errors import InvalidActionParams


class Inner(Params):
    email: str


class Sample(Params):
    user_id: str
    name: Annotated[str, Meta(min_length=1, max_length=5)] = "a"
    number: Annotated[int, Meta(ge=0, le=10)] | str = 1
    unit: Literal["A", "B"] = "A"
    inner: Inner | None = None
    items: Annotated[list[int], Meta(max_length=2)] = []  # noqa: RUF012 - msgspec copies it


async def _run(_params: Sample, _context: object) -> Any:
    raise NotImplementedError


SPEC: ActionSpec[Any] = ActionSpec(
    type_="T",
    action="A",
    title="",
    summary="",
    params=Sample,
    run=_run,
    output={},
    effect=Effect.PURE,
    source="",
    example={},
)


@pytest.mark.parametrize(
    ("params", "code", "message", "path"),
    [
        ({}, "ERR_MISSING_PARAM", "must have required property 'user_id'", ""),
        ({"user_id": None}, "ERR_WRONG_DATA_TYPE", "must be string", "/user_id"),
        ({"name": ""}, "ERR_WRONG_LENGTH", "must NOT have fewer than 1 characters", "/name"),
        ({"name": "x" * 6}, "ERR_WRONG_LENGTH", "must NOT have more than 5 characters", "/name"),
        ({"number": 11}, "ERR_OUT_OF_RANGE", "must be <= 10", "/number"),
        ({"number": None}, "ERR_WRONG_DATA_TYPE", "must be integer,string", "/number"),
        (
            {"unit": "C"},
            "ERR_NOT_ALLOWED_VALUE",
            "must be equal to one of the allowed values",
            "/unit",
        ),
        ({"inner": {"email": 1}}, "ERR_WRONG_DATA_TYPE", "must be string", "/inner/email"),
        (
            {"inner": {}},
            "ERR_MISSING_PARAM",
            "must have required property 'email'",
            "/inner",
        ),
        ({"items": [1, "x"]}, "ERR_WRONG_DATA_TYPE", "must be integer", "/items/1"),
        ({"items": [1, 2, 3]}, "ERR_WRONG_LENGTH", "must NOT have more than 2 items", "/items"),
        ({"a/b": 1}, "ERR_UNKNOWN_PARAM", "must NOT have additional properties", "/a~1b"),
    ],
)
def test_each_fault_has_a_code_words_and_a_place(
    params: dict[str, Any], code: str, message: str, path: str
) -> None:
    given = {"user_id": "u", **params} if params else {}
    with pytest.raises(InvalidActionParams) as caught:
        convert_params(SPEC, given)
    details: Any = caught.value.details
    (found,) = details["invalidParams"]
    assert (found["code"], found["message"], found["path"]) == (code, message, path)


def test_every_fault_is_listed_and_no_value_is_quoted() -> None:
    given: Any = {"user_id": 1, "name": "s3cret-too-long", "unit": "s3cret"}
    with pytest.raises(InvalidActionParams) as caught:
        convert_params(SPEC, given)
    assert len(caught.value.details["invalidParams"]) == 3  # type: ignore[index, arg-type]
    assert "s3cret" not in str(caught.value.as_json())


def test_params_that_fit_become_the_struct() -> None:
    assert convert_params(SPEC, {"user_id": "u", "inner": {"email": "e"}}) == Sample(
        user_id="u", inner=Inner(email="e")
    )
