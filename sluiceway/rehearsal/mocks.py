"""What stands for the outside: outputs of steps, answers to HTTP requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import ActionError, TargetForbidden, TargetTimedOut, TargetUnreachable
from sluiceway.outbound.base import OutboundResponse
from sluiceway.rehearsal.matching import compare, matches_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundRequest

__all__ = ["HttpMock", "Mocks", "Request", "StepMock", "mocked_failure"]

_FAILURES: Final = {"unreachable": TargetUnreachable, "timeout": TargetTimedOut}


class StepMock(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a step gives instead of running: an output, or an error ``{code, message}``.

    *status_code* is what the record shows; that of the output's ``status`` without it.
    """

    output: JsonValue = None
    error: JsonObject | None = None
    status_code: int | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request that a flow made; *body* is JSON where it can be read, else text."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: JsonValue

    def as_json(self) -> JsonObject:
        """Return the request as expectations see it."""
        return {
            "method": self.method,
            "url": self.url,
            "headers": dict(self.headers),
            "body": self.body,
        }


class HttpMock(msgspec.Struct, kw_only=True):
    """One exchange: which requests it answers, what it answers, how often (``None``: always)."""

    url: str
    method: str | None = None
    headers: JsonObject | None = None
    body: JsonValue = None
    has_body: bool = False
    status: int = 200
    answer_headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    answer: JsonValue = None
    failure: str = ""
    times: int | None = None
    used: int = 0

    def answers(self, request: Request) -> bool:
        """Tell whether this exchange is the one for *request*."""
        if self.times is not None and self.used >= self.times:
            return False
        if self.method is not None and self.method.upper() != request.method:
            return False
        if not matches_text(self.url, request.url):
            return False
        if self.headers is not None:
            wanted: JsonObject = {name.lower(): value for name, value in self.headers.items()}
            if compare(wanted, dict(request.headers)):
                return False
        return not self.has_body or not compare(self.body, request.body)

    def reply(self) -> OutboundResponse:
        """Return the answer.

        Raises:
            TargetUnreachable, TargetTimedOut: the exchange is one that fails.
        """
        self.used += 1
        kind = _FAILURES.get(self.failure)
        if kind is not None:
            raise kind(f"expected an answer, the mock says {self.failure}")
        headers = {name.lower(): text for name, text in self.answer_headers.items()}
        if isinstance(self.answer, str):
            return OutboundResponse(status=self.status, headers=headers, body=self.answer.encode())
        if self.answer is None:
            return OutboundResponse(status=self.status, headers=headers, body=b"")
        headers.setdefault("content-type", "application/json; charset=utf-8")
        return OutboundResponse(
            status=self.status, headers=headers, body=json.dumps(self.answer).encode()
        )


class Mocks:
    """The mocks of one run; each list of a step's mocks is used up, its last one stays."""

    def __init__(
        self,
        steps: Mapping[str, Sequence[StepMock]] | None = None,
        http: Sequence[HttpMock] = (),
    ) -> None:
        """Start with none used."""
        self._steps = {id_: list(several) for id_, several in (steps or {}).items()}
        self._http = list(http)
        self.used_steps: set[str] = set()
        self.requests: list[Request] = []

    @property
    def step_ids(self) -> set[str]:
        """The ids of the steps that are mocked."""
        return set(self._steps)

    def take(self, step_id: str) -> StepMock | None:
        """Return what stands for the next run of a step."""
        several = self._steps.get(step_id)
        if not several:
            return None
        self.used_steps.add(step_id)
        return several.pop(0) if len(several) > 1 else several[0]

    async def send(
        self, request: OutboundRequest, *, retries: int | None = None
    ) -> OutboundResponse:
        """Answer a request from the mocks.

        Raises:
            TargetForbidden: no exchange is for it: nothing is ever sent.
        """
        del retries
        seen = Request(
            method=request.method,
            url=request.url,
            headers=request.headers,
            body=_read(request.body),
        )
        self.requests.append(seen)
        for mock in self._http:
            if mock.answers(seen):
                return mock.reply()
        raise TargetForbidden(
            f"expected a mock for {seen.method} {seen.url.partition('?')[0]}, found none: "
            "nothing is sent here",
            hint="Mock the exchange, or the step by its id.",
        )

    def unused(self) -> list[str]:
        """Return the exchanges that no request used, as text; a sign of a mistake in them."""
        return [f"{mock.method or '*'} {mock.url}" for mock in self._http if not mock.used]


def mocked_failure(error: JsonObject) -> ActionError:
    """Return the error that a mock says, with its own code."""
    code = str(error.get("code") or "ERR_ACTION")
    kind: type[ActionError] = type("MockedFailure", (ActionError,), {"code": code})
    return kind(str(error.get("message") or "the mock says that the step fails"))


def _read(body: bytes) -> JsonValue:
    if not body:
        return None
    try:
        value: JsonValue = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return value
