"""Send email through an SMTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import ProviderRejected, ProviderUnavailable
from sluiceway.providers.base import EmailProviderSpec, Receipt, SmtpMail, SmtpServer
from sluiceway.providers.configuration import closed, optional_text, required_text
from sluiceway.providers.mime import build_mime
from sluiceway.providers.requests import encode_json

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage, SmtpReply

__all__ = ["PROVIDER", "Smtp"]

_IMPLICIT_TLS_PORT: Final = 465
_LAST_PORT: Final = 65535
_ACCEPTED, _TRANSIENT, _PERMANENT = 200, 400, 500
# Auth0 spells one of the three with an underscore; SparkPost reads it with a hyphen.
_HEADER_NAMES: Final = {"X-MSYS_API": "X-MSYS-API"}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Smtp(msgspec.Struct, frozen=True):
    """RFC 5321, with STARTTLS (RFC 3207), implicit TLS (RFC 8314) and SMTPUTF8 (RFC 6531)."""

    server: SmtpServer
    headers: tuple[tuple[str, str], ...] = ()

    def build_mail(self, message: EmailMessage) -> SmtpMail:
        """Write *message* as MIME with the configured headers; see ``SmtpEmailProvider``."""
        return SmtpMail(
            server=self.server,
            sender=message.sender.email,
            recipient=message.to.email,
            data=build_mime(message, headers=dict(self.headers)),
            smtputf8=message.sender.needs_smtputf8 or message.to.needs_smtputf8,
        )

    def parse_reply(self, mail: SmtpMail, reply: SmtpReply) -> Receipt:
        """Read the reply; the receipt is the server's text; see ``SmtpEmailProvider``."""
        del mail
        if _ACCEPTED <= reply.code < _TRANSIENT:
            return Receipt(reply.text)
        details: JsonObject = {"status": reply.code, "answer": reply.text}
        said = f"the SMTP server answered {reply.code} {reply.text}".rstrip()
        if reply.code >= _PERMANENT:
            raise ProviderRejected(f"expected the mail to be taken, {said}", details=details)
        raise ProviderUnavailable(
            f"expected the mail to be taken, {said}; it may pass", details=details
        )


def _build(configured: ConfiguredProvider) -> Smtp:
    host = required_text(configured, "smtp_host")
    port = configured.credentials.get("smtp_port")
    if not isinstance(port, int) or not 0 < port <= _LAST_PORT:
        raise ProviderRejected("expected smtp_port from 1 to 65535, found another value")
    user = optional_text(configured, "smtp_user")
    server = SmtpServer(
        host=host,
        port=port,
        user=user,
        password=optional_text(configured, "smtp_pass") if user else None,
        tls=_tls_mode(host, port, has_user=user is not None),
    )
    return Smtp(server=server, headers=tuple(_headers(configured.settings.get("headers")).items()))


def _tls_mode(host: str, port: int, *, has_user: bool) -> str:
    """Return how to encrypt: a password never crosses a network in clear."""
    if port == _IMPLICIT_TLS_PORT:
        return "implicit"
    return "starttls" if has_user and host not in _LOOPBACK else "opportunistic"


def _headers(given: JsonValue) -> dict[str, str]:
    if not isinstance(given, dict):
        return {}
    headers: dict[str, str] = {}
    for name, value in given.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else encode_json(value).decode()
        headers[_HEADER_NAMES.get(name, name)] = text
    return headers


PROVIDER = EmailProviderSpec(
    name="smtp",
    title="SMTP",
    build=_build,
    credentials=closed(
        {
            "smtp_host": {"type": "string", "minLength": 1},
            "smtp_port": {"type": "integer", "minimum": 1, "maximum": _LAST_PORT},
            "smtp_user": {"type": "string", "minLength": 1},
            "smtp_pass": {"type": "string", "minLength": 1},
        },
        "smtp_host",
        "smtp_port",
    ),
    settings={
        "type": ["object", "null"],
        "properties": {
            "headers": {
                "type": "object",
                "properties": {
                    "X-MC-ViewContentLink": {"enum": ["true", "false"]},
                    "X-SES-Configuration-Set": {"type": "string"},
                    "X-MSYS_API": {"type": "object"},
                },
            }
        },
    },
    shown_credentials=("smtp_host", "smtp_port", "smtp_user"),
    example={
        "smtp_host": "smtp.example.com",
        "smtp_port": 587,
        "smtp_user": "made-up-user",
        "smtp_pass": "made-up-password",
    },
    source="RFC 5321; facts of Auth0's page SMTP email provider",
)
