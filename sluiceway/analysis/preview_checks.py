"""What can be wrong with a rendered notification, or with the templates it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import LiquidSyntaxError, ProviderRejected
from sluiceway.liquid.analysis import FindingKind, analyse, variables_used
from sluiceway.liquid.variables import NOTIFICATION_VARIABLES
from sluiceway.models.message import Channel, EmailContent
from sluiceway.providers.addresses import parse_address, parse_phone_number
from sluiceway.providers.html_text import html_to_text
from sluiceway.providers.html_tokens import StartTag, tokenize_html
from sluiceway.providers.mime import build_mime
from sluiceway.providers.resolve import CAPTURE_SENDER, Posting, resolve_email

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sluiceway.errors import LanguageError
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "MailCheck",
    "PreviewProblem",
    "check_mail",
    "check_recipient",
    "check_texts",
    "find_missing",
    "find_template_problems",
]

_CLIPPED_AT: Final = 102 * 1024
"""Gmail shows the first 102 KB of an email's HTML and hides the rest behind a link."""
_LONGEST_TEXT_MESSAGE: Final = 1600
"""Twilio refuses longer ones (error 21617)."""
_LONGEST_SPOKEN: Final = 4000
_ERRORS: Final = frozenset({FindingKind.SYNTAX, FindingKind.UNKNOWN_TAG})
_UNKNOWN_RECIPIENT: Final = "somebody@recipient.invalid"


class PreviewProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    Attributes:
        code: ``syntax``, ``unknown_tag``, ``unknown_filter``, ``unknown_variable``,
            ``missing_variable``, ``unescaped``, ``remote_image``, ``clipped``, ``render``,
            ``expression``, ``missing_param``, ``recipient``, ``refused`` or ``too_long``.
        message: one sentence.
        at: a JSON Pointer into the params, like ``/body``.
        name: the variable, filter, tag or address that it is about.
        line: from 1; 0 where there is no place.
        column: from 1; 0 likewise.
        hint: what to write instead.
        is_error: whether the message could not be sent like this.
    """

    code: str
    message: str
    at: str = ""
    name: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    is_error: bool = False

    @classmethod
    def from_language(cls, error: LanguageError, code: str, *, at: str) -> PreviewProblem:
        """Return *error* as a problem."""
        return cls(
            code=code,
            message=error.message,
            at=at,
            line=error.line or 0,
            column=error.column or 0,
            hint=error.hint,
            is_error=True,
        )

    def as_json(self) -> JsonObject:
        """Return ``{severity, code, message, at[, name][, line, column][, hint]}``."""
        shown: JsonObject = {
            "severity": "error" if self.is_error else "warning",
            "code": self.code,
            "message": self.message,
            "at": self.at,
        }
        if self.name:
            shown["name"] = self.name
        if self.line:
            shown |= {"line": self.line, "column": self.column}
        if self.hint:
            shown["hint"] = self.hint
        return shown


class MailCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What an email amounts to; *mail_bytes* is 0 where it could not be written."""

    text: str
    html_bytes: int
    text_bytes: int
    mail_bytes: int
    remote_images: tuple[str, ...]
    problems: tuple[PreviewProblem, ...]

    def as_json(self) -> JsonObject:
        """Return ``{size: {html_bytes, text_bytes, mail_bytes}, remote_images}``."""
        images: list[JsonValue] = list(self.remote_images)
        return {
            "size": {
                "html_bytes": self.html_bytes,
                "text_bytes": self.text_bytes,
                "mail_bytes": self.mail_bytes,
            },
            "remote_images": images,
        }


def find_template_problems(
    source: str, variables: JsonObject, *, at: str, is_html: bool
) -> list[PreviewProblem]:
    """Return what is wrong with a Liquid param before it is rendered."""
    custom_vars = variables.get("custom_vars")
    findings = analyse(
        source,
        variables={*NOTIFICATION_VARIABLES, *variables},
        custom_vars=list(custom_vars) if isinstance(custom_vars, dict) else (),
        is_html=is_html,
    )
    codes = {FindingKind.UNESCAPED: "unescaped"}
    return [
        PreviewProblem(
            code=codes.get(finding.kind, finding.kind.value.replace(" ", "_")),
            message=finding.message,
            at=at,
            name=finding.name,
            line=finding.line,
            column=finding.column,
            hint=finding.hint,
            is_error=finding.kind in _ERRORS,
        )
        for finding in findings
    ]


def find_missing(source: str, variables: JsonObject, *, at: str) -> Iterator[PreviewProblem]:
    """Yield the variables that exist but have no value in this data, each once."""
    try:
        uses = variables_used(source)
    except LiquidSyntaxError:
        return
    seen: set[str] = set()
    for use in uses:
        root = use.path[0]
        if root not in NOTIFICATION_VARIABLES and root not in variables:
            continue  # an unknown variable, which is told of elsewhere
        if use.name in seen or _has_value(variables, use.path):
            continue
        seen.add(use.name)
        yield PreviewProblem(
            code="missing_variable",
            name=use.name,
            message=f"{use.name} has no value here: it renders as nothing",
            at=at,
            line=use.line,
            column=use.column,
            hint=f"Write {{{{ {use.name} | default: '…' }}}} if it may be missing.",
        )


def _has_value(variables: JsonObject, path: tuple[str, ...]) -> bool:
    value: JsonValue = variables
    for step in path:
        if isinstance(value, list | str) or (isinstance(value, dict) and step == "size"):
            return True  # size, first, last and indexes: whatever they give, it is no gap
        if not isinstance(value, dict) or value.get(step) is None:
            return False
        value = value[step]
    return True


def check_recipient(channel: Channel, to: str) -> list[PreviewProblem]:
    """Return why *to* cannot be reached, if so."""
    if not to:
        return [
            PreviewProblem(
                code="recipient",
                message="there is no recipient: to has no value here",
                at="/to",
                is_error=True,
            )
        ]
    try:
        if channel is Channel.EMAIL:
            parse_address(to, role="recipient")
        else:
            parse_phone_number(to)
    except ProviderRejected as error:
        return [
            PreviewProblem(
                code="recipient",
                message=error.message,
                at="/to",
                name=to,
                hint=error.hint,
                is_error=True,
            )
        ]
    return []


def check_mail(*, subject: str, html: str, to: str, sender: str | None, at: datetime) -> MailCheck:
    """Return sizes, plain text and remote images of an email, and what keeps it from being sent."""
    text = html_to_text(html)
    images = tuple(dict.fromkeys(_remote_images(html)))
    problems = [
        PreviewProblem(
            code="remote_image",
            message="most mail programs hide remote images until the reader asks for them",
            at="/body",
            name=image,
        )
        for image in images
    ]
    html_bytes = len(html.encode("utf-8", "replace"))
    if html_bytes > _CLIPPED_AT:
        problems.append(
            PreviewProblem(
                code="clipped",
                message=f"Gmail hides what follows the first 102 KB, found {html_bytes} bytes",
                at="/body",
            )
        )
    mail_bytes = 0
    try:
        mail_bytes = _mail_bytes(subject=subject, html=html, to=to, sender=sender, at=at)
    except ProviderRejected as error:
        problems.append(
            PreviewProblem(
                code="refused", message=error.message, at="/from", hint=error.hint, is_error=True
            )
        )
    return MailCheck(
        text=text,
        html_bytes=html_bytes,
        text_bytes=len(text.encode("utf-8", "replace")),
        mail_bytes=mail_bytes,
        remote_images=images,
        problems=tuple(problems),
    )


def _mail_bytes(*, subject: str, html: str, to: str, sender: str | None, at: datetime) -> int:
    try:
        parse_address(to, role="recipient")
    except ProviderRejected:
        to = _UNKNOWN_RECIPIENT  # told of elsewhere
    message = resolve_email(
        EmailContent(to=to, subject=subject, html=html),
        Posting(id="msg_preview", idempotency_key="preview", created_at=at, at=at),
        default_from=sender or CAPTURE_SENDER,
    )
    return len(build_mime(message))


def _remote_images(html: str) -> Iterator[str]:
    for token in tokenize_html(html):
        if not isinstance(token, StartTag):
            continue
        name = "background" if token.name in {"body", "table", "td", "th"} else "src"
        if token.name not in {"img", "image", "input", "body", "table", "td", "th"}:
            continue
        address = token.attribute(name).strip()
        if address.lower().startswith(("http:", "https:", "//")):
            yield address


def check_texts(channel: Channel, text: str) -> list[PreviewProblem]:
    """Return what is wrong with a rendered text message, or with what a call says."""
    longest = _LONGEST_TEXT_MESSAGE if channel is Channel.SMS else _LONGEST_SPOKEN
    if len(text) <= longest:
        return []
    return [
        PreviewProblem(
            code="too_long",
            message=f"expected at most {longest} characters, found {len(text)}",
            at="/message",
            is_error=True,
        )
    ]
