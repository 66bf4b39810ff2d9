"""Emails as bytes for SMTP and for APIs that take a whole message: RFC 5322, 2045 to 2049, 6532.

The standard library takes longer to write a message than to send it, so that messages are written
here, with its codecs; its parsers read them back in tests.
"""

from __future__ import annotations

import base64
import binascii
import re
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sluiceway.errors import ProviderRejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.providers.base import Address, EmailMessage

__all__ = ["build_mime", "check_header", "encode_display_name"]

_CRLF: Final = "\r\n"
_LINE: Final = 76
_LONGEST_LINE: Final = 998
_CONTROL: Final = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""A phrase of atoms (RFC 5322, 3.2.3), which needs no quotes."""
_BREAKS: Final = re.compile(r"\r\n|\r|\n")


def build_mime(message: EmailMessage, *, headers: Mapping[str, str] | None = None) -> bytes:
    """Return *message* as multipart/alternative, text first, with CRLF line ends.

    No line is over 998 bytes and none holds a bare CR or LF. Addresses beyond ASCII make the header
    UTF-8 (SMTPUTF8); everything else is ASCII. *headers* are added as they are. The same message
    has the same bytes on every try.

    Raises:
        ProviderRejected: a header holds a control character.
    """
    utf8 = message.sender.needs_smtputf8 or message.to.needs_smtputf8
    # Derived, not drawn; no encoded body can hold it, as neither encoding leaves "=_" alone.
    boundary = f"=_{message.id}_{len(message.html):x}"
    lines = [
        _address_line("From", message.sender, utf8),
        _address_line("To", message.to, utf8),
        _text_line("Subject", message.subject, utf8=utf8),
        f"Date: {format_datetime(message.created_at)}",
        _text_line("Message-ID", message.message_id, utf8=utf8),
    ]
    if message.language:
        lines.append(_text_line("Content-Language", message.language, utf8=utf8))
    for name, value in {**message.extra_headers, **(headers or {})}.items():
        lines.append(_text_line(check_header("a header's name", name), value, utf8=utf8))
    head = "\r\n".join(
        [
            *lines,
            "MIME-Version: 1.0",
            f'Content-Type: multipart/alternative; boundary="{boundary}"',
        ]
    ).encode("utf-8" if utf8 else "ascii")
    delimiter = f"\r\n--{boundary}\r\n".encode("ascii")
    return b"".join(
        [
            head,
            b"\r\n",
            delimiter,
            _part("plain", message.text),
            delimiter,
            _part("html", message.html),
            f"\r\n--{boundary}--\r\n".encode("ascii"),
        ]
    )


def check_header(name: str, value: str) -> str:
    """Return *value*, unless it could end the header and begin another.

    Raises:
        ProviderRejected: it holds a control character.
    """
    if _CONTROL.search(value):
        raise ProviderRejected(f"expected {name} without control characters, found one")
    return value


def encode_display_name(address: Address) -> str:
    """Return ``name <email>`` with a name beyond ASCII as encoded words (RFC 2047)."""
    if address.name is None:
        return address.email
    return f"{_phrase(address.name, '', utf8=False, start=0)} <{address.email}>"


@lru_cache(maxsize=256)
def _address_line(name: str, address: Address, utf8: bool) -> str:  # noqa: FBT001 - a cache's key
    """Return a header of one mailbox; senders come again and again."""
    if address.name is None:
        return f"{name}: {address.email}"
    phrase = _phrase(address.name, _CRLF, utf8=utf8, start=len(name) + 2)
    last = phrase.rpartition(_CRLF)[2]
    gap = f"{_CRLF} " if len(last) + len(address.email) + 3 > _LINE else " "
    return f"{name}: {phrase}{gap}<{address.email}>"


def _phrase(name: str, linesep: str, *, utf8: bool, start: int) -> str:
    """Return a display name as a phrase: as it is, quoted, or as encoded words."""
    check_header("the display name", name)
    if "=?" not in name and (utf8 or name.isascii()):
        if _ATOMS.fullmatch(name):
            return name
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    words = Header(_encodable(name), "utf-8", maxlinelen=_LINE, header_name="x" * start)
    return words.encode(linesep=linesep)


def _text_line(name: str, value: str, *, utf8: bool) -> str:
    """Return an unstructured header, folded; as encoded words where it is not plain text."""
    check_header(name, value)
    line = f"{name}: {value}"
    is_plain = value.isascii() and "=?" not in value
    if is_plain and len(line) <= _LINE:
        return line
    if name == "Message-ID" and utf8:
        return line
    if is_plain:
        return _fold(line)
    return _encoded_words(name, value)


def _encoded_words(name: str, value: str) -> str:
    words = Header(_encodable(value), "utf-8", maxlinelen=_LINE, header_name=name)
    return f"{name}: {words.encode(linesep=_CRLF)}"


def _fold(line: str) -> str:
    """Break a long line before spaces (RFC 5322, 2.2.3); what has none stays whole."""
    folded: list[str] = []
    rest = line
    while len(rest) > _LINE:
        # Not right after the name, and not so that a line of nothing but spaces comes out.
        start = len(rest) - len(rest.lstrip()) if folded else rest.index(":") + 2
        place = rest.rfind(" ", start + 1, _LINE)
        if place < 0:
            place = rest.find(" ", _LINE)
        if place < 0 or not rest[place:].strip():
            break
        folded.append(rest[:place])
        rest = rest[place:]
    folded.append(rest)
    if max(len(part) for part in folded) > _LONGEST_LINE:
        name, _, value = line.partition(": ")
        return _encoded_words(name, value)
    return "\r\n".join(folded)


def _part(subtype: str, text: str) -> bytes:
    """Return a body part, 7-bit whatever the server says: a relay further on may not be clean."""
    data = (_BREAKS.sub("\n", _encodable(text)).rstrip("\n") + "\n").encode()
    encoding, body = _encode(data)
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode("ascii") + body


def _encode(data: bytes) -> tuple[str, bytes]:
    """Return the encoding that is readable where little needs it, and short where much does."""
    if not data.isascii():
        beyond = len(data) - len(data.decode().encode("ascii", "ignore"))
        if beyond * 6 > len(data):
            return "base64", base64.encodebytes(data.replace(b"\n", b"\r\n")).replace(
                b"\n", b"\r\n"
            )
    return "quoted-printable", binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")


def _encodable(text: str) -> str:
    """Return *text* without lone surrogates; a mark shows that something was there."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
