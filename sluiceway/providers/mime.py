"""Emails as bytes for SMTP and for APIs that take a whole message: RFC 5322, 2045 to 2049, 6532."""

from __future__ import annotations

from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from sluiceway.errors import ProviderRejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.providers.base import Address, EmailMessage

__all__ = ["build_mime", "check_header", "encode_display_name"]

# 7-bit transfer whatever the server says: a relay further on may not be 8-bit clean.
_ASCII: Final = SMTP.clone(cte_type="7bit")
_UTF8: Final = SMTPUTF8.clone(cte_type="7bit")


def build_mime(message: EmailMessage, *, headers: Mapping[str, str] | None = None) -> bytes:
    """Return *message* as multipart/alternative, text first, with CRLF line ends.

    No line is over 998 bytes and none holds a bare CR or LF. Addresses beyond ASCII make the header
    UTF-8 (SMTPUTF8); everything else is ASCII. *headers* are added as they are.

    Raises:
        ProviderRejected: a header holds a control character.
    """
    utf8 = message.sender.needs_smtputf8 or message.to.needs_smtputf8
    mime = MimeMessage(policy=_UTF8 if utf8 else _ASCII)
    mime["From"] = _header_address(message.sender)
    mime["To"] = _header_address(message.to)
    mime["Subject"] = check_header("Subject", message.subject)
    mime["Date"] = format_datetime(message.created_at)
    mime["Message-ID"] = check_header("Message-ID", message.message_id)
    if message.language:
        mime["Content-Language"] = check_header("Content-Language", message.language)
    for name, value in {**message.extra_headers, **(headers or {})}.items():
        mime[check_header("a header's name", name)] = check_header(name, value)
    mime.set_content(*_body(message.text), cte=_transfer_encoding(message.text))
    mime.add_alternative(*_body(message.html), subtype="html", cte=_transfer_encoding(message.html))
    # Derived, not drawn: the same message has the same bytes on every try.
    mime.set_boundary(f"=_{message.id}_{len(message.html):x}")
    return mime.as_bytes()


def check_header(name: str, value: str) -> str:
    """Return *value*, unless it could end the header and begin another.

    Raises:
        ProviderRejected: it holds a control character.
    """
    if any(ord(c) < 32 or ord(c) == 127 or c in "\x85\u2028\u2029" for c in value):  # noqa: PLR2004
        raise ProviderRejected(f"expected {name} without control characters, found one")
    return value


def encode_display_name(address: Address) -> str:
    """Return ``name <email>`` with a name beyond ASCII as encoded words (RFC 2047)."""
    if address.name is None:
        return address.email
    mime = MimeMessage(policy=SMTP.clone(max_line_length=None))
    mime["From"] = _header_address(address)
    return mime.as_bytes().decode("ascii").partition(":")[2].strip()


def _header_address(address: Address) -> HeaderAddress:
    local, _, domain = address.email.rpartition("@")
    name = check_header("the display name", address.name or "")
    if local.startswith('"'):
        return HeaderAddress(display_name=name, addr_spec=address.email)
    return HeaderAddress(display_name=name, username=local, domain=domain)


def _body(text: str) -> tuple[str, ...]:
    # Lone surrogates cannot be encoded; the replacement character shows that something was there.
    clean = text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text
    return (clean.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n",)


def _transfer_encoding(text: str) -> str:
    """Return the encoding that is readable where little needs it, and short where much does."""
    if text.isascii():
        return "quoted-printable"
    beyond = len(text.encode("utf-8", "replace")) - sum(c < "\x80" for c in text)
    return "base64" if beyond * 6 > len(text) else "quoted-printable"
