"""Send messages: the one place where a provider's pure halves meet the network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import (
    OutboundError,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from sluiceway.providers.base import (
    CapturingEmailProvider,
    CapturingPhoneProvider,
    SmtpEmailProvider,
    TokenEmailProvider,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from sluiceway.models.json import JsonValue
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse, Transport
    from sluiceway.providers.base import (
        AccessToken,
        EmailMessage,
        PhoneMessage,
        Receipt,
        SmtpMail,
        SmtpReply,
    )
    from sluiceway.providers.choice import ChosenEmail, ChosenPhone

__all__ = ["MailTransport", "Sender", "open_smtp_sender"]

_MASK: Final = "███"
_UNAUTHORIZED: Final = 401
_TOKEN_MARGIN_S: Final = 60.0
_KEPT_TOKENS: Final = 16


class MailTransport(Protocol):
    """Sends one mail to its server; ``smtp_sender.SmtpSender`` does."""

    async def send(self, mail: SmtpMail) -> SmtpReply:
        """Send *mail* once and return the last reply.

        Raises:
            ProviderUnavailable: no connection could be made, or it broke.
        """
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


def open_smtp_sender(
    open_socket: Callable[[str, int], Awaitable[socket.socket]] | None = None,
) -> MailTransport:
    """Return the SMTP half; aiosmtplib is loaded only now. *open_socket* is the guarded way."""
    from sluiceway.providers.smtp_sender import SmtpSender  # noqa: PLC0415 - see above

    return SmtpSender(open_socket=open_socket)


class Sender(Discreet, msgspec.Struct):
    """Sends each message once; whether to try again is for the outbox to decide."""

    withheld = frozenset({"_mail", "_tokens"})

    transport: Transport
    open_mail: Callable[[], MailTransport]
    """Opens the SMTP half when it is first needed; others never load it."""
    monotonic: Callable[[], float] = time.monotonic
    _mail: MailTransport | None = None
    _tokens: dict[TokenEmailProvider, tuple[AccessToken, float]] = msgspec.field(
        default_factory=dict["TokenEmailProvider", "tuple[AccessToken, float]"]
    )

    async def send_email(self, chosen: ChosenEmail, message: EmailMessage) -> Receipt:
        """Send *message* through the chosen provider.

        Raises:
            ProviderRejected: it said no.
            ProviderUnavailable: no answer, or it asked to come back later.
        """
        provider = chosen.provider
        try:
            if isinstance(provider, SmtpEmailProvider):
                mail = provider.build_mail(message)
                return provider.parse_reply(mail, await self._mail_transport().send(mail))
            if isinstance(provider, CapturingEmailProvider):
                return provider.capture(message)
            if isinstance(provider, TokenEmailProvider):
                return await self._send_with_token(provider, message)
            return provider.parse_response(await self._exchange(provider.build_request(message)))
        except ProviderError as error:
            secrets = chosen.configured.secrets_but(chosen.spec.shown_credentials)
            raise _without_secrets(error, secrets) from error.__cause__

    async def send_phone(self, chosen: ChosenPhone, message: PhoneMessage) -> Receipt:
        """Send *message* through the chosen provider. Raises as ``send_email``."""
        provider = chosen.provider
        try:
            if isinstance(provider, CapturingPhoneProvider):
                return provider.capture(message)
            return provider.parse_response(await self._exchange(provider.build_request(message)))
        except ProviderError as error:
            secrets = chosen.configured.secrets_but(())
            raise _without_secrets(error, secrets) from error.__cause__

    async def close(self) -> None:
        """Close the connections to mail servers."""
        mail, self._mail = self._mail, None
        if mail is not None:
            await mail.close()

    def _mail_transport(self) -> MailTransport:
        if self._mail is None:
            self._mail = self.open_mail()
        return self._mail

    async def _send_with_token(
        self, provider: TokenEmailProvider, message: EmailMessage
    ) -> Receipt:
        token, is_kept = await self._token(provider)
        request = provider.with_token(token).build_request(message)
        response = await self._exchange(request)
        if response.status == _UNAUTHORIZED and is_kept:
            # It was withdrawn before its time; the refused request sent nothing.
            self._tokens.pop(provider, None)
            token, _ = await self._token(provider)
            response = await self._exchange(provider.with_token(token).build_request(message))
        return provider.parse_response(response)

    async def _token(self, provider: TokenEmailProvider) -> tuple[AccessToken, bool]:
        kept = self._tokens.get(provider)
        if kept is not None and kept[1] > self.monotonic():
            return kept[0], True
        asked_at = self.monotonic()
        answer = await self._exchange(provider.build_token_request())
        token = provider.parse_token_response(answer)
        while len(self._tokens) >= _KEPT_TOKENS:
            self._tokens.pop(next(iter(self._tokens)))
        self._tokens[provider] = (token, asked_at + token.lasts_s - _TOKEN_MARGIN_S)
        return token, False

    async def _exchange(self, request: OutboundRequest) -> OutboundResponse:
        try:
            return await self.transport.send(request)
        except OutboundError as error:
            kind = ProviderUnavailable if error.retryable else ProviderRejected
            raise kind(
                f"expected an answer from the delivery service, {error.message}",
                at=error.at,
                hint=error.hint,
            ) from error


def _without_secrets(error: ProviderError, secrets: tuple[str, ...]) -> ProviderError:
    """Take the provider's credentials out of what it said: some repeat the key they refuse."""
    for secret in secrets:
        error.message = error.message.replace(secret, _MASK)
        error.hint = error.hint.replace(secret, _MASK)
    if error.details is not None:
        error.details = {key: _masked(value, secrets) for key, value in error.details.items()}
    error.args = (error.message,)
    return error


def _masked(value: JsonValue, secrets: tuple[str, ...]) -> JsonValue:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, _MASK)
    return value
