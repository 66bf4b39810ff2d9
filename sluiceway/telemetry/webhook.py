"""Posts tenant log events to a webhook, in batches, signed.

They wait in memory: a receiver that is down for long, or a process that dies, loses some. Whoever
needs every execution reads ``GET /api/v2/flows/{id}/executions``.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import SluicewayError
from sluiceway.outbound.base import OutboundRequest
from sluiceway.providers.signing import sign_webhook

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.base import Transport

__all__ = ["EventWebhook"]

_LOG: Final = logging.getLogger(__name__)
_MOST_WAITING: Final = 10_000
_BATCH: Final = 100
_SUCCESS: Final = range(200, 300)
_PAUSES_S: Final = (0.5, 2, 10, 30)


class EventWebhook(Discreet, msgspec.Struct, kw_only=True):
    """A queue of events and the task that posts them.

    Attributes:
        url: where to.
        secret: signs the posts; none are signed without it.
        transport: the way out.
        now: the clock, for the signature.
        pauses_s: how long to wait after each failure of one batch, before it is given up.
    """

    withheld = frozenset({"secret"})

    url: str
    secret: str = ""
    transport: Transport
    now: Callable[[], datetime]
    pauses_s: tuple[float, ...] = _PAUSES_S
    lost: int = 0
    _waiting: deque[JsonObject] = msgspec.field(default_factory=deque["JsonObject"])
    _bell: asyncio.Event = msgspec.field(default_factory=asyncio.Event)

    def put(self, event: JsonObject) -> None:
        """Queue *event*; the oldest makes room where too many wait."""
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft()
            self._lose(1, "too many wait")
        self._waiting.append(event)
        self._bell.set()

    async def run(self) -> None:
        """Post until it is cancelled; then try once more what is left."""
        try:
            while True:
                await self._bell.wait()
                self._bell.clear()
                while self._waiting:
                    await self._post_patiently(self._take())
        finally:
            with suppress(SluicewayError):
                while self._waiting:
                    await self._post(self._take())

    def _take(self) -> list[JsonObject]:
        count = min(_BATCH, len(self._waiting))
        return [self._waiting.popleft() for _ in range(count)]

    async def _post_patiently(self, batch: list[JsonObject]) -> None:
        for pause in (*self.pauses_s, None):
            try:
                await self._post(batch)
            except SluicewayError as error:
                if pause is None:
                    self._lose(len(batch), error.message)
                    return
                await asyncio.sleep(pause)
            else:
                return

    async def _post(self, batch: list[JsonObject]) -> None:
        body = msgspec.json.encode(batch)
        headers = {"content-type": "application/json"}
        if self.secret:
            id_ = str(batch[0]["log_id"])
            headers |= sign_webhook(body, id_=id_, at=self.now(), secret=self.secret)
        answer = await self.transport.send(
            OutboundRequest(method="POST", url=self.url, headers=headers, body=body)
        )
        if answer.status not in _SUCCESS:
            raise SluicewayError(f"the receiver answered {answer.status}")

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        _LOG.warning("%d log events were not delivered: %s (%d in all)", count, why, self.lost)
