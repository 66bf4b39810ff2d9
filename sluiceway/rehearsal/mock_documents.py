"""Mocks as people write them: in files of cases, and in what replays are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sluiceway.errors import UsageError
from sluiceway.rehearsal.mocks import HttpMock, Mocks, StepMock

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "HttpAnswer",
    "HttpExchange",
    "HttpRequest",
    "MockedError",
    "MockedStep",
    "Mocking",
    "Part",
    "mocks_of",
    "parse_mocks",
]


class Part(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything that people write: an unknown key is a mistake."""


class MockedError(Part):
    """A failure that stands for a step's."""

    code: Annotated[str, Meta(description="Like ERR_TARGET_UNREACHABLE.")] = "ERR_ACTION"
    message: str = "The mock says that the step fails."


class MockedStep(Part):
    """What one step gives instead of running."""

    output: Annotated[Any, Meta(description="What later steps read as actions.<id>.")] = None
    error: Annotated[
        MockedError | None, Meta(description="The step fails like this, in place of an output.")
    ] = None
    status_code: int | None = None


class HttpRequest(Part):
    """Which requests an exchange answers."""

    url: Annotated[
        str, Meta(description="The address; * stands for anything, /…/ is a regular expression.")
    ]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None
    headers: Annotated[
        dict[str, Any] | None, Meta(description="Headers that it must have, in lower case.")
    ] = None
    body: Annotated[
        Any | UnsetType, Meta(description="The body that it must have, as JSON or text.")
    ] = UNSET


class HttpAnswer(Part):
    """What an exchange answers."""

    status: Annotated[int, Meta(ge=100, le=599)] = 200
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    body: Annotated[Any, Meta(description="JSON, or a text that is sent as it is.")] = None


class HttpExchange(Part):
    """A request that a flow makes, and what comes back."""

    request: HttpRequest
    answer: HttpAnswer = msgspec.field(default_factory=HttpAnswer)
    fails: Annotated[
        Literal["unreachable", "timeout"] | None, Meta(description="In place of an answer.")
    ] = None
    times: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="How often it answers; always without it."),
    ] = None


class Mocking(Part):
    """What stands for the outside."""

    steps: Annotated[
        dict[str, MockedStep | list[MockedStep]],
        Meta(description="By the action's id. Of a list, each run of the step takes the next."),
    ] = msgspec.field(default_factory=dict[str, "MockedStep | list[MockedStep]"])
    http: Annotated[
        list[HttpExchange], Meta(description="The first that fits answers; nothing is ever sent.")
    ] = msgspec.field(default_factory=list[HttpExchange])


def parse_mocks(document: JsonValue, *, at: str = "mocks") -> Mocks:
    """Return the mocks that *document* describes: ``{steps, http}``.

    Raises:
        UsageError: it is not of the schema.
    """
    try:
        return mocks_of(msgspec.convert(document or {}, Mocking))
    except msgspec.ValidationError as error:
        raise UsageError(f"the mocks cannot be used: {error}", at=at) from error


def mocks_of(mocking: Mocking) -> Mocks:
    """Return the mocks that a case describes."""
    steps: dict[str, list[StepMock]] = {}
    for id_, given in mocking.steps.items():
        several = given if isinstance(given, list) else [given]
        steps[id_] = [_step_mock(one) for one in several]
    http = [
        HttpMock(
            url=one.request.url,
            method=one.request.method,
            headers=one.request.headers,
            body=None if one.request.body is UNSET else one.request.body,
            has_body=one.request.body is not UNSET,
            status=one.answer.status,
            answer_headers=one.answer.headers,
            answer=one.answer.body,
            failure=one.fails or "",
            times=one.times,
        )
        for one in mocking.http
    ]
    return Mocks(steps, http)


def _step_mock(given: MockedStep) -> StepMock:
    error: JsonObject | None = None
    if given.error is not None:
        error = {"code": given.error.code, "message": given.error.message}
    return StepMock(output=given.output, error=error, status_code=given.status_code)
