"""What a provider is: messages ready to go, how one is built and sent, and what comes back.

A provider is declared by one module ``providers/email/<name>.py`` or ``providers/phone/<name>.py``
with one constant, ``PROVIDER``. Most are two pure halves around one HTTP exchange:
``build_request`` and ``parse_response``. SMTP has mail and replies in their place, and a capture
provider answers by itself. What sends is ``providers/sender.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime
    from typing import Self

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import Channel
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse

__all__ = [
    "AccessToken",
    "Address",
    "CapturingEmailProvider",
    "CapturingPhoneProvider",
    "ConfiguredProvider",
    "DeliveryLimits",
    "EmailMessage",
    "EmailProvider",
    "EmailProviderSpec",
    "HttpEmailProvider",
    "HttpPhoneProvider",
    "NeedsToken",
    "PhoneMessage",
    "PhoneProvider",
    "PhoneProviderSpec",
    "ProviderDirectory",
    "Receipt",
    "SmtpEmailProvider",
    "SmtpMail",
    "SmtpReply",
    "SmtpServer",
    "TlsMode",
    "TokenEmailProvider",
]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox: *email* with its domain as A-labels (RFC 5890), *name* as people read it."""

    email: str
    name: str | None = None

    @property
    def domain(self) -> str:
        """The part after the last ``@``."""
        return self.email.rpartition("@")[2]

    @property
    def needs_smtputf8(self) -> bool:
        """Tell whether the local part is not ASCII (RFC 6531)."""
        return not self.email.isascii()


class EmailMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One email to one recipient, with nothing left to look up.

    Attributes:
        id: our id of the message, ``msg_…``; delivery reports name it.
        idempotency_key: the same whenever this message is tried again.
        sender: the author.
        to: the recipient.
        subject: one line.
        html: the body.
        text: the plain-text alternative.
        message_id: the ``Message-ID``, with its angle brackets; the same on every try.
        created_at: when the step queued it: the ``Date``, the same on every try.
        at: when this try began, for signatures.
        language: a BCP 47 tag, where the execution has one.
        list_unsubscribe: the value of ``List-Unsubscribe`` (RFC 2369), where there is one.
    """

    id: str
    idempotency_key: str
    sender: Address
    to: Address
    subject: str
    html: str
    text: str
    message_id: str
    created_at: datetime
    at: datetime
    language: str | None = None
    list_unsubscribe: str | None = None

    @property
    def extra_headers(self) -> dict[str, str]:
        """Headers beyond those that every provider has a field for, ``Message-ID`` left out."""
        headers: dict[str, str] = {}
        if self.list_unsubscribe:
            headers["List-Unsubscribe"] = self.list_unsubscribe
            if "<https:" in self.list_unsubscribe:
                headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers


class PhoneMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One text message or call to one number.

    Attributes:
        id: our id of the message.
        idempotency_key: the same whenever this message is tried again.
        channel: ``SMS`` or ``CALL``.
        to: the number in E.164 form.
        sender: the flow's own sender; ``None`` means the provider's.
        text: what is written or spoken.
        created_at: when the step queued it.
        at: when this try began, for signatures.
        language: a BCP 47 tag, where the execution has one.
    """

    id: str
    idempotency_key: str
    channel: Channel
    to: str
    text: str
    created_at: datetime
    at: datetime
    sender: str | None = None
    language: str | None = None


class Receipt(msgspec.Struct, frozen=True):
    """The provider took the message; *message_id* is its name for it in delivery reports."""

    message_id: str


class DeliveryLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator allows a provider, where that is not the usual; ``None`` is the usual.

    Attributes:
        rate_per_s: messages a second, over all workers.
        burst: messages at once after a pause.
        concurrency: messages on their way at a time, in each worker.
        max_age_s: how long after it was queued a message is still worth sending.
    """

    rate_per_s: float | None = None
    burst: float | None = None
    concurrency: int | None = None
    max_age_s: float | None = None


class ConfiguredProvider(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A provider as the tenant has set it up; *credentials* stay out of the ``repr``.

    *settings* is Auth0's ``settings`` of an email provider, ``configuration`` of a phone provider.
    *report_url* is where the provider may post delivery results, where it can reach us.
    """

    withheld = frozenset({"credentials"})

    name: str
    enabled: bool = True
    credentials: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    settings: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    default_from: str | None = None
    limits: DeliveryLimits = DeliveryLimits()
    report_url: str | None = None

    def secrets_but(self, shown: Collection[str]) -> tuple[str, ...]:
        """Return the credentials' texts that must never be shown; *shown* ones may, by key."""
        texts = [
            value
            for key, value in self.credentials.items()
            if isinstance(value, str) and key not in shown
        ]
        # A connection string is shown in parts as often as whole.
        texts += [part.partition("=")[2] for text in texts for part in text.split(";")]
        return tuple(text for text in texts if len(text) >= 8)  # noqa: PLR2004 - shorter is none


class ProviderDirectory(Protocol):
    """Where the tenant's providers are looked up, anew for every message: no restart is needed."""

    async def email(self) -> ConfiguredProvider | None:
        """Return the email provider, enabled or not."""
        ...

    async def phone(self) -> ConfiguredProvider | None:
        """Return the phone provider, enabled or not; the enabled one where there are several."""
        ...


@runtime_checkable
class HttpEmailProvider(Protocol):
    """An email service behind one HTTP request."""

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to the service's request."""
        ...

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read the service's answer.

        Raises:
            ProviderRejected: the service said no.
            ProviderUnavailable: 429, 5xx, or whatever else may pass.
        """
        ...


@runtime_checkable
class HttpPhoneProvider(Protocol):
    """A phone service behind one HTTP request."""

    def build_request(self, message: PhoneMessage) -> OutboundRequest:
        """Map *message* to the service's request."""
        ...

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read the service's answer; see ``HttpEmailProvider``."""
        ...


class AccessToken(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token with the seconds it lasts."""

    withheld = frozenset({"value"})

    value: str
    lasts_s: float


@runtime_checkable
class NeedsToken(Protocol):
    """A provider whose requests carry a token that is asked for first and kept while it lasts."""

    def build_token_request(self) -> OutboundRequest:
        """Ask for a token."""
        ...

    def parse_token_response(self, response: OutboundResponse) -> AccessToken:
        """Read the token. Raises as ``parse_response``."""
        ...

    def with_token(self, token: AccessToken) -> Self:
        """Return this provider with *token* in its requests."""
        ...


@runtime_checkable
class TokenEmailProvider(HttpEmailProvider, NeedsToken, Protocol):
    """An email service behind one HTTP request that carries a token."""


TlsMode: TypeAlias = "str"
"""``implicit``, ``starttls`` (required) or ``opportunistic`` (STARTTLS where offered)."""


class SmtpServer(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """An SMTP server and how to talk to it; connections are pooled by it."""

    withheld = frozenset({"password"})

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: TlsMode = "opportunistic"


class SmtpMail(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One mail for one server: the envelope and the bytes of the message (CRLF line ends)."""

    withheld = frozenset({"data"})

    server: SmtpServer
    sender: str
    recipient: str
    data: bytes
    smtputf8: bool = False


class SmtpReply(msgspec.Struct, frozen=True, kw_only=True):
    """A server's last reply: to the final dot, or to the command that it refused."""

    code: int
    text: str


@runtime_checkable
class SmtpEmailProvider(Protocol):
    """An email service behind SMTP."""

    def build_mail(self, message: EmailMessage) -> SmtpMail:
        """Write *message* as a mail."""
        ...

    def parse_reply(self, mail: SmtpMail, reply: SmtpReply) -> Receipt:
        """Read the server's reply: 2xx is a receipt, 4xx may pass, 5xx is final."""
        ...


@runtime_checkable
class CapturingEmailProvider(Protocol):
    """Keeps emails in the outbox: nothing leaves the machine."""

    def capture(self, message: EmailMessage) -> Receipt:
        """Take *message*."""
        ...


@runtime_checkable
class CapturingPhoneProvider(Protocol):
    """Keeps text messages and calls in the outbox: nothing leaves the machine."""

    def capture(self, message: PhoneMessage) -> Receipt:
        """Take *message*."""
        ...


EmailProvider: TypeAlias = "HttpEmailProvider | SmtpEmailProvider | CapturingEmailProvider"
PhoneProvider: TypeAlias = "HttpPhoneProvider | CapturingPhoneProvider"


class EmailProviderSpec(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One email provider, whole.

    Attributes:
        name: Auth0's name of it.
        title: what people call it.
        build: makes it from the tenant's configuration; refuses what cannot work with
            ``ProviderRejected``.
        credentials: the JSON Schema of its credentials.
        settings: the JSON Schema of its settings.
        shown_credentials: the credentials' keys that API answers keep.
        example: credentials that fit, for tests and docs; made up.
        example_settings: settings that go with them.
        source: the page that the request follows.
        deduplicates: whether the service takes an idempotency key and honours it.
        rate_per_s: messages a second to start with, ``None`` for no limit of ours.
        burst: messages at once after a pause.
    """

    withheld = frozenset({"example"})

    name: str
    title: str
    build: Callable[[ConfiguredProvider], EmailProvider]
    credentials: JsonObject
    source: str
    settings: JsonObject = msgspec.field(default_factory=lambda: {"type": ["object", "null"]})
    shown_credentials: tuple[str, ...] = ()
    example: Mapping[str, str | int] = msgspec.field(default_factory=dict["str", "str | int"])
    example_settings: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    deduplicates: bool = False
    rate_per_s: float | None = None
    burst: float = 10.0


class PhoneProviderSpec(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One phone provider, whole; see ``EmailProviderSpec``.

    *configuration* is the JSON Schema of what Auth0 calls so.
    """

    withheld = frozenset({"example"})

    name: str
    title: str
    build: Callable[[ConfiguredProvider], PhoneProvider]
    credentials: JsonObject
    configuration: JsonObject
    source: str
    example: Mapping[str, str | int] = msgspec.field(default_factory=dict["str", "str | int"])
    example_configuration: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    deduplicates: bool = False
    rate_per_s: float | None = None
    burst: float = 10.0
