"""Posts of providers about messages: proved, read, and noted at the messages."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import OutboundError
from sluiceway.providers.webhooks.base import WebhookRefused

if TYPE_CHECKING:
    from sluiceway.models.delivery import DeliveryReport
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse, Transport
    from sluiceway.providers.webhooks.base import WebhookPost, WebhookSpec
    from sluiceway.storage.base import SharedValues
    from sluiceway.storage.durable import OutboxStore

__all__ = ["DeliveryReports", "ReportCounts"]

_TOKENS_KEPT: Final = timedelta(hours=48)
_KEPT_PAGES: Final = 8


class ReportCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a post: reports in it, those noted now, those about no message of ours."""

    received: int = 0
    noted: int = 0
    unknown: int = 0


class DeliveryReports(Discreet, msgspec.Struct):
    """Takes posts in. A post may come twice, late and out of order: it counts once."""

    withheld = frozenset({"_fetched"})

    outbox: OutboxStore
    shared: SharedValues
    transport: Transport | None
    """The way out, for what a provider's proof needs; without it such posts are refused."""
    _fetched: OrderedDict[str, OutboundResponse] = msgspec.field(
        default_factory=OrderedDict["str", "OutboundResponse"]
    )

    async def take(
        self, spec: WebhookSpec, post: WebhookPost, *, keys: tuple[str, ...]
    ) -> ReportCounts:
        """Prove, read and note *post*.

        Raises:
            WebhookRefused: it is not proved, too old, or cannot be read.
            OutboundError: the provider's certificate could not be fetched; it posts again.
        """
        if not keys:
            raise WebhookRefused("no key is set up")
        fetched = await self._fetch(spec.wanted(post, keys)) if spec.wanted else None
        reading = spec.webhook.read(post, keys=keys, fetched=fetched)
        if reading.single_use:
            await self._use(spec, reading.single_use, post)
        if reading.visit is not None:
            await self._visit(reading.visit)
        noted = unknown = 0
        for report in reading.reports:
            id_ = await self._message_of(report)
            if id_ is None:
                unknown += 1
            elif await self.outbox.note_report(id_, report):
                noted += 1
        return ReportCounts(received=len(reading.reports), noted=noted, unknown=unknown)

    async def _message_of(self, report: DeliveryReport) -> str | None:
        if report.message_id:
            row = await self.outbox.get(report.message_id)
            if row is not None:
                return row.id
        row = await self.outbox.find_by_receipt(report.receipt) if report.receipt else None
        return None if row is None else row.id

    async def _use(self, spec: WebhookSpec, token: str, post: WebhookPost) -> None:
        """Let a token through with one body only, however often that comes."""
        key = f"webhook/{spec.name}/{hashlib.sha256(token.encode()).hexdigest()}"
        digest = hashlib.sha256(post.body).digest()
        known = await self.shared.get(key, now=post.now)
        if known is not None and known != digest:
            raise WebhookRefused("expected a token that was not used for another post")
        if known is None:
            await self.shared.put(key, digest, expires_at=post.now + _TOKENS_KEPT)

    async def _fetch(self, request: OutboundRequest) -> OutboundResponse:
        kept = self._fetched.get(request.url)
        if kept is not None:
            return kept
        answer = await self._visit(request)
        if answer.is_success:
            self._fetched[request.url] = answer
            while len(self._fetched) > _KEPT_PAGES:
                self._fetched.popitem(last=False)
        return answer

    async def _visit(self, request: OutboundRequest) -> OutboundResponse:
        if self.transport is None:
            raise OutboundError("expected a process that can call other machines, found another")
        return await self.transport.send(request)
