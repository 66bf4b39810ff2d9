"""One try to deliver one message: choose the provider, wait for its limit, send, say what came.

Nothing here writes to the outbox: ``Verdict`` says what the outbox should note.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.engine.outbox_content import email_of, open_content, phone_of
from sluiceway.errors import (
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    SluicewayError,
    VaultError,
)
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from sluiceway.models.json import JsonObject
    from sluiceway.providers.base import EmailMessage, PhoneMessage, Receipt
    from sluiceway.providers.choice import ChosenEmail, ChosenPhone
    from sluiceway.storage.base import TokenBuckets
    from sluiceway.storage.durable import OutboxRow
    from sluiceway.vault.base import Sealer

__all__ = [
    "Attempt",
    "Deliveries",
    "Failed",
    "MessageSender",
    "OutboxSettings",
    "Postponed",
    "ProviderChoice",
    "Sent",
    "Verdict",
]


class ProviderChoice(Protocol):
    """Says which provider takes a message; ``providers.choice.Providers`` does."""

    async def email(self) -> ChosenEmail:
        """Return the email provider. Raises ``ProviderError``."""
        ...

    async def phone(self, channel: Channel) -> ChosenPhone:
        """Return the phone provider for *channel*. Raises ``ProviderError``."""
        ...

    async def concurrency(self, channel: Channel) -> int | None:
        """Return the operator's limit on messages at a time, ``None`` for the usual."""
        ...


class MessageSender(Protocol):
    """Sends a message once; ``providers.sender.Sender`` does."""

    async def send_email(self, chosen: ChosenEmail, message: EmailMessage) -> Receipt:
        """Send an email. Raises ``ProviderError``."""
        ...

    async def send_phone(self, chosen: ChosenPhone, message: PhoneMessage) -> Receipt:
        """Send a text message or make a call. Raises ``ProviderError``."""
        ...


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Patience, limits and leases of delivery.

    Attributes:
        concurrency: how many messages of one queue are on their way at a time.
        lease: how long a worker may be silent before another takes its messages over.
        timeout: the longest that one try may take.
        max_age: how long after it was queued a message is still worth sending.
        first_retry: the longest first pause, doubled with each try that failed.
        longest_retry: the longest pause.
        longest_wait: how long to hold a message for the provider's limit before giving it back.
        write_patience: how long to go on noting the outcome when the database refuses.
    """

    concurrency: int = 20
    lease: timedelta = timedelta(seconds=60)
    timeout: timedelta = timedelta(seconds=45)
    max_age: timedelta = timedelta(hours=24)
    first_retry: timedelta = timedelta(seconds=4)
    longest_retry: timedelta = timedelta(minutes=30)
    longest_wait: timedelta = timedelta(seconds=10)
    write_patience: timedelta = timedelta(minutes=5)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider took it; *receipt* is ``provider:its id``."""

    receipt: str


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The try failed; *retry_at* ``None`` makes it a dead letter."""

    error: JsonObject
    retry_at: datetime | None


class Postponed(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing was tried: the provider's limit is used up until then."""

    until: datetime


Verdict: TypeAlias = "Sent | Failed | Postponed"
_Send: TypeAlias = "Callable[[], Awaitable[Receipt]]"


class Attempt(msgspec.Struct):
    """What is known of one try while it runs; *lease_until* moves on as the lease is renewed.

    *is_sending* is set once the provider may have it.
    """

    row: OutboxRow
    lease_until: datetime
    is_sending: bool = False


class Deliveries(Discreet, msgspec.Struct, frozen=True):
    """Makes tries. Clock, randomness and sleep are arguments."""

    withheld = frozenset({"_blocked"})

    providers: ProviderChoice
    sender: MessageSender
    sealer: Sealer
    buckets: TokenBuckets
    now: Callable[[], datetime]
    chance: random.Random
    settings: OutboxSettings = msgspec.field(default_factory=OutboxSettings)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _blocked: dict[str, datetime] = msgspec.field(default_factory=dict["str", "datetime"])

    async def make(self, attempt: Attempt) -> Verdict | None:
        """Try to deliver; ``None`` where the lease ran out before anything was sent.

        Raises:
            StorageError: the database could not be read; nothing was sent.
        """
        row = attempt.row
        try:
            chosen, send = await self._choose(attempt)
        except (ProviderError, VaultError) as error:
            # Nothing left the machine, and setting the provider up mends all that wait.
            return self._expired(row, self.settings.max_age) or self._again(row, error)
        if expired := self._expired(row, self._max_age(chosen)):
            return expired
        wait_s = await self._wait_s(chosen)
        if wait_s > self.settings.longest_wait.total_seconds():
            return Postponed(until=self.now() + timedelta(seconds=wait_s))
        if wait_s > 0:
            await self.sleep(wait_s)
        if self.now() >= attempt.lease_until:
            return None
        return await self._send(attempt, chosen, send)

    async def _choose(self, attempt: Attempt) -> tuple[ChosenEmail | ChosenPhone, _Send]:
        if attempt.row.channel == Channel.EMAIL:
            email = await self.providers.email()
            return email, lambda: self._send_email(attempt, email)
        phone = await self.providers.phone(Channel(attempt.row.channel))
        return phone, lambda: self._send_phone(attempt, phone)

    async def _wait_s(self, chosen: ChosenEmail | ChosenPhone) -> float:
        rate = chosen.rate_per_s
        blocked_until = self._blocked.get(chosen.bucket)
        if rate is None and (blocked_until is None or blocked_until <= self.now()):
            return 0.0
        return await self.buckets.take(chosen.bucket, now=self.now(), rate=rate, burst=chosen.burst)

    async def _send(
        self, attempt: Attempt, chosen: ChosenEmail | ChosenPhone, send: _Send
    ) -> Verdict:
        row, name = attempt.row, chosen.spec.name
        limit_s = self.settings.timeout.total_seconds()
        try:
            async with asyncio.timeout(limit_s):
                receipt = await send()
        except TimeoutError:
            late = ProviderUnavailable(
                f"expected {chosen.spec.title} to answer within {limit_s:g} s, it did not"
            )
            return self._again(row, late, chosen)
        except ProviderUnavailable as error:
            wait_s = _told_wait_s(error)
            if wait_s is not None:
                await self._learn(chosen.bucket, self.now() + timedelta(seconds=wait_s))
            return self._again(row, error, chosen)
        except ProviderError as error:
            return self._dead(error, provider=name)
        except SluicewayError as error:
            # The vault's key, say: not the message's fault.
            return self._again(row, error, chosen)
        return Sent(receipt=f"{name}:{receipt.message_id}")

    async def _send_email(self, attempt: Attempt, chosen: ChosenEmail) -> Receipt:
        message = email_of(
            attempt.row,
            open_content(attempt.row, self.sealer),
            at=self.now(),
            default_from=chosen.configured.default_from,
            captured=chosen.is_capture,
        )
        attempt.is_sending = True
        return await self.sender.send_email(chosen, message)

    async def _send_phone(self, attempt: Attempt, chosen: ChosenPhone) -> Receipt:
        message = phone_of(attempt.row, open_content(attempt.row, self.sealer), at=self.now())
        attempt.is_sending = True
        return await self.sender.send_phone(chosen, message)

    async def _learn(self, bucket: str, until: datetime) -> None:
        self._blocked[bucket] = until
        await self.buckets.learn(bucket, now=self.now(), blocked_until=until)

    def interrupted(self, row: OutboxRow) -> Failed:
        """Return the verdict on a try that the worker's own stop cut short."""
        error = ProviderUnavailable("expected to end the try, the worker was stopped meanwhile")
        return Failed(error={**error.as_json(), "try": row.attempts + 1}, retry_at=self.now())

    def broken(self, error: Exception) -> Failed:
        """Return the verdict on a try that a defect of ours cut short: a dead letter."""
        # Without the defect's own words: they may hold a value that records must not show.
        return self._dead(
            ProviderRejected(f"expected to send the message, it broke: {type(error).__name__}")
        )

    async def concurrency(self, queue: str) -> int:
        """Return how many messages of *queue* may be on their way at a time."""
        try:
            allowed = await self.providers.concurrency(Channel(queue))
        except (ProviderError, VaultError):
            allowed = None  # each message says so, with its reason
        return self.settings.concurrency if allowed is None else allowed

    def _expired(self, row: OutboxRow, max_age: timedelta) -> Failed | None:
        """Return the end of a message that is too old to be of use."""
        if self.now() - self._begun_at(row) <= max_age:
            return None
        return self._dead(
            ProviderRejected(
                f"expected to deliver within {_duration(max_age)}, gave up",
                hint="Retry it if it is still of use.",
            )
        )

    def _dead(self, error: SluicewayError, *, provider: str | None = None) -> Failed:
        return Failed(error=_shown(error, provider, is_final=True), retry_at=None)

    def _max_age(self, chosen: ChosenEmail | ChosenPhone) -> timedelta:
        allowed_s = chosen.configured.limits.max_age_s
        return self.settings.max_age if allowed_s is None else timedelta(seconds=allowed_s)

    def _begun_at(self, row: OutboxRow) -> datetime:
        """Return when the message's time began: anew where an operator queued it again."""
        final = [place for place, entry in enumerate(row.history) if _is_final(entry)]
        if not final:
            return row.created_at
        later = row.history[final[-1] + 1 :]
        first = later[0].get("at_ms") if later else None
        if not isinstance(first, int):
            return self.now()
        return datetime.fromtimestamp(first / 1000, UTC)

    def _again(
        self, row: OutboxRow, error: SluicewayError, chosen: ChosenEmail | ChosenPhone | None = None
    ) -> Failed:
        """Return a retry with exponential backoff and jitter, or the end of a message too old."""
        settings = self.settings
        doublings = min(row.attempts, 20)
        ceiling_s = min(
            settings.first_retry.total_seconds() * 2**doublings,
            settings.longest_retry.total_seconds(),
        )
        pause_s = max(self.chance.uniform(ceiling_s / 2, ceiling_s), _told_wait_s(error) or 0.0)
        retry_at = self.now() + timedelta(seconds=pause_s)
        provider = chosen.spec.name if chosen else None
        max_age = self._max_age(chosen) if chosen else settings.max_age
        if retry_at - self._begun_at(row) > max_age:
            return self._dead(error, provider=provider)
        return Failed(error=_shown(error, provider, is_final=False), retry_at=retry_at)


def _duration(time: timedelta) -> str:
    seconds = time.total_seconds()
    for unit, size in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} seconds"


def _told_wait_s(error: SluicewayError) -> float | None:
    wait = (error.details or {}).get("retry_after_s")
    return float(wait) if isinstance(wait, int | float) else None


def _shown(error: SluicewayError, provider: str | None, *, is_final: bool) -> JsonObject:
    shown: JsonObject = {**error.as_json(), "final": is_final}
    if provider is not None:
        shown["provider"] = provider
    return shown


def _is_final(entry: JsonObject) -> bool:
    error = entry.get("error")
    return isinstance(error, dict) and error.get("final") is True
