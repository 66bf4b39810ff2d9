"""Test messages: sent at once through a provider, past the outbox, to say what happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import ProviderError, ProviderNotEnabled
from sluiceway.models.ids import new_id
from sluiceway.models.message import Channel, EmailContent, PhoneContent
from sluiceway.providers.choice import Chosen
from sluiceway.providers.resolve import CAPTURE_SENDER, Posting, resolve_email, resolve_phone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.engine.delivery import MessageSender
    from sluiceway.models.json import JsonObject
    from sluiceway.models.message import MessageContent
    from sluiceway.providers.base import ConfiguredProvider
    from sluiceway.providers.choice import ChosenPhone, Providers

__all__ = ["Trials", "trial_content"]

_SUBJECT: Final = "Test message from Sluiceway"
_WORDS: Final = "This is a test message from Sluiceway."


def trial_content(channel: Channel, to: str) -> MessageContent:
    """Return the content of a test message."""
    if channel is Channel.EMAIL:
        return EmailContent(to=to, subject=_SUBJECT, html=f"<p>{_WORDS}</p>")
    return PhoneContent(to=to, text=_WORDS)


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """Sends test messages with the tenant's providers."""

    providers: Providers
    sender: MessageSender
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic

    async def send(
        self,
        channel: Channel,
        content: MessageContent,
        *,
        configured: ConfiguredProvider | None = None,
    ) -> JsonObject:
        """Send *content* and return ``{provider, receipt, took_ms}``.

        Args:
            channel: how it goes.
            content: what goes.
            configured: the phone provider to try, enabled or not; without it the one in force.

        Raises:
            ProviderError: what the provider said, or what is wrong with its configuration.
        """
        began = self.monotonic()
        id_, at = new_id("msg"), self.now()
        posting = Posting(id=id_, idempotency_key=f"try:{id_}", created_at=at, at=at)
        if isinstance(content, EmailContent):
            email = await self.providers.email()
            fallback = CAPTURE_SENDER if email.is_capture else None
            mail = resolve_email(
                content, posting, default_from=email.configured.default_from or fallback
            )
            name, receipt = email.spec.name, await self.sender.send_email(email, mail)
        else:
            phone = self._build(configured) if configured else await self.providers.phone(channel)
            message = resolve_phone(content, posting, channel=channel)
            name, receipt = phone.spec.name, await self.sender.send_phone(phone, message)
        return {
            "provider": name,
            "receipt": receipt.message_id,
            "took_ms": round((self.monotonic() - began) * 1000),
        }

    async def tell(
        self,
        channel: Channel,
        content: MessageContent,
    ) -> JsonObject:
        """Send *content* and say what happened: ``{ok, provider, receipt, took_ms}`` or an error.

        ``{ok: false, took_ms, error: {code, message[, hint][, details]}, retryable}`` where it did
        not go out, with the provider's own words.
        """
        began = self.monotonic()
        try:
            return {"ok": True, **await self.send(channel, content)}
        except ProviderError as error:
            return {
                "ok": False,
                "took_ms": round((self.monotonic() - began) * 1000),
                "error": error.as_json(),
                "retryable": error.retryable,
            }

    def _build(self, configured: ConfiguredProvider) -> ChosenPhone:
        spec = self.providers.phone_specs.get(configured.name)
        if spec is None:
            raise ProviderNotEnabled(
                f"expected a phone provider that is known, found {configured.name!r}"
            )
        return Chosen(spec=spec, configured=configured, provider=spec.build(configured))
