"""A call to another machine, and its answer; what sends it is an argument."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BEFORE_SENDING", "OutboundRequest", "OutboundResponse", "Transport"]

BEFORE_SENDING: Final[ContextVar[Callable[[], None] | None]] = ContextVar(
    "BEFORE_SENDING", default=None
)
"""Called in the sender's context right before a request leaves; what it raises, the sender raises.

A worker that was frozen for longer than its lease must not wake up and make the call that its
successor has made.
"""


class OutboundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request. Its ``repr`` holds neither headers nor body: they may be secret.

    Attributes:
        timeout_s: until the whole answer is there, redirects included.
        connect_timeout_s: until there is a connection, TLS included.
        silence_timeout_s: between two pieces of the answer, and before the first.
        max_response_bytes: of the answer's body, decompressed.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    silence_timeout_s: float = 30.0
    max_response_bytes: int = 10 * 1024 * 1024

    def __repr__(self) -> str:
        return f"OutboundRequest({self.method} {self.url.partition('?')[0]})"


class OutboundResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer; header names are lower-case, repeated ones joined by ``, ``."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"OutboundResponse({self.status}, {len(self.body)} bytes)"

    @property
    def is_success(self) -> bool:
        """Tell whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the range is its own name


class Transport(Protocol):
    """Sends one request and returns its answer, whatever the status."""

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Send *request* once.

        Raises:
            TargetForbidden: the guard refused the address.
            TargetUnreachable: no connection could be made, or it broke.
            TargetTimedOut: no whole answer within ``timeout_s``.
            AnswerRefused: the answer is over ``max_response_bytes``.
        """
        ...
