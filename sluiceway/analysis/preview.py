"""A notification as it would arrive, with whatever is wrong with it; nothing is sent.

A preview is given even where the template has errors: that is when its author needs it.
"""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.analysis.preview_checks import (
    MailCheck,
    PreviewProblem,
    check_mail,
    check_recipient,
    check_texts,
    find_missing,
    find_template_problems,
)
from sluiceway.errors import LanguageError
from sluiceway.expressions import UNDEFINED, Scope, Sources, compile_template, resolve_params
from sluiceway.expressions.values import Undefined
from sluiceway.liquid.messages import parse_message
from sluiceway.liquid.variables import notification_variables
from sluiceway.models.message import Channel
from sluiceway.providers.sms_segments import SmsSize, count_segments

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.liquid.variables import TenantNames
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["NotificationDraft", "Preview", "PreviewData", "preview_notification"]

_SAMPLE_CODE: Final = "123456"
_SAMPLE_RECIPIENTS: Final = {
    Channel.EMAIL: "ada@example.com",
    Channel.SMS: "+12025550123",
    Channel.CALL: "+12025550123",
}


class NotificationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What to show: the step's params as the flow has them, expressions and Liquid unresolved."""

    channel: Channel
    params: JsonObject


class PreviewData(msgspec.Struct, frozen=True, kw_only=True):
    """What expressions and templates read.

    Attributes:
        context: ``{{ context }}``.
        fields: ``{{ fields }}``.
        vars: ``{{ vars }}``.
        actions: the outputs of earlier steps, by id.
        extra: further variables of the Liquid texts, for stock templates (``url``, ``code``).
        is_sample: whether the values are made up: custom variables that resolve to nothing then
            show their name in ``[ ]``, and a missing recipient is made up.
    """

    context: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    fields: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    vars: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    actions: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    extra: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    is_sample: bool = False


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would arrive.

    Attributes:
        channel: how.
        to: the recipient, resolved.
        sender: the sender, resolved; ``None`` is the provider's own.
        subject: of an email.
        html: of an email: the rendered body.
        text: an email's plain-text alternative; the text of a message; what a call says.
        variables: what the templates could read.
        problems: what is wrong, errors and warnings, in the order of the params.
        sms: the size of a text message.
        mail: sizes and remote images of an email.
    """

    channel: Channel
    to: str
    sender: str | None
    subject: str
    html: str
    text: str
    variables: JsonObject
    problems: tuple[PreviewProblem, ...]
    sms: SmsSize | None = None
    mail: MailCheck | None = None

    @property
    def is_good(self) -> bool:
        """Tell whether nothing would keep the message from being sent."""
        return not any(problem.is_error for problem in self.problems)

    def as_json(self) -> JsonObject:
        """Return the preview as the API and the command show it."""
        missing: list[JsonValue] = [p.name for p in self.problems if p.code == "missing_variable"]
        shown: JsonObject = {
            "channel": str(self.channel),
            "to": self.to,
            "from": self.sender,
            "text": self.text,
            "missing_variables": missing,
            "problems": [problem.as_json() for problem in self.problems],
            "variables": self.variables,
        }
        if self.mail is not None:
            shown |= {"subject": self.subject, "html": self.html, **self.mail.as_json()}
        if self.sms is not None:
            shown["sms"] = {
                "encoding": self.sms.encoding,
                "units": self.sms.units,
                "segments": self.sms.segments,
                "unicode_characters": self.sms.unicode_characters,
            }
        return shown


def preview_notification(
    draft: NotificationDraft,
    data: PreviewData,
    *,
    tenant: TenantNames,
    now: datetime,
    default_from: str | None = None,
) -> Preview:
    """Render *draft* with *data* as a run would, and say what is wrong with it.

    Args:
        draft: the notification.
        data: sample data, or a recorded execution's.
        tenant: the tenant's names and addresses.
        now: the clock reading that templates see.
        default_from: the provider's own sender.
    """
    problems: list[PreviewProblem] = []
    reader = _Reader(draft.params, data, now=now, problems=problems)
    custom_vars = reader.custom_vars()
    variables = notification_variables(context=data.context, tenant=tenant, custom_vars=custom_vars)
    variables |= data.extra
    to = reader.text("to") or (_SAMPLE_RECIPIENTS[draft.channel] if data.is_sample else "")
    sender = _sender(reader)
    if draft.channel is Channel.EMAIL:
        subject = reader.liquid("subject", variables, is_html=False)
        html = reader.liquid("body", variables, is_html=True)
        # As a run does it: whatever a variable brings in, a subject is one line.
        subject = " ".join(subject.split())
        problems += check_recipient(draft.channel, to)
        mail = check_mail(subject=subject, html=html, to=to, sender=sender or default_from, at=now)
        problems += mail.problems
        return Preview(
            channel=draft.channel,
            to=to,
            sender=sender,
            subject=subject,
            html=html,
            text=mail.text,
            variables=variables,
            problems=tuple(problems),
            mail=mail,
        )
    text = reader.liquid("message", variables, is_html=False)
    problems += check_recipient(draft.channel, to)
    problems += check_texts(draft.channel, text)
    return Preview(
        channel=draft.channel,
        to=to,
        sender=sender,
        subject="",
        html="",
        text=text,
        variables=variables,
        problems=tuple(problems),
        sms=count_segments(text) if draft.channel is Channel.SMS else None,
    )


def _sender(reader: _Reader) -> str | None:
    given = reader.params.get("from")
    if not isinstance(given, dict):
        return reader.text("from") or None
    email, name = reader.text("from", "email"), reader.text("from", "name")
    return f"{name} <{email}>" if name and email else email or None


class _Reader:
    """Reads params one by one, so that one that is wrong does not hide the others."""

    def __init__(
        self,
        params: JsonObject,
        data: PreviewData,
        *,
        now: datetime,
        problems: list[PreviewProblem],
    ) -> None:
        self.params = params
        self._data = data
        self._now = now
        self._problems = problems
        chance = random.Random(0)  # noqa: S311 - the same preview each time, and never a secret
        self._scope = Scope(
            context=data.context,
            fields=data.fields,
            vars=data.vars,
            actions=data.actions,
            sources=Sources(
                now=now,
                random=chance,
                new_uuid=lambda: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            ),
        )

    def custom_vars(self) -> JsonObject:
        """Return the custom variables, resolved; in samples, made up where there is no value."""
        given = self.params.get("custom_vars")
        if not isinstance(given, dict):
            return {}
        return {name: self._custom_var(name, value) for name, value in given.items()}

    def _custom_var(self, name: str, value: JsonValue) -> JsonValue:
        at = f"/custom_vars/{name}"
        resolved = self._resolve(value, at)
        if resolved is not None and not isinstance(resolved, Undefined):
            return resolved
        if self._data.is_sample:
            return _SAMPLE_CODE if "code" in name.lower() else f"[{name}]"
        if isinstance(value, str):
            self._problems.append(
                PreviewProblem(
                    code="missing_variable",
                    name=f"custom_vars.{name}",
                    message=f"{value} has no value here: it renders as nothing",
                    at=at,
                )
            )
        return None

    def text(self, *path: str) -> str:
        """Return a param that is an expression, as text; ``""`` where it has no value."""
        value: JsonValue = self.params
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        resolved = self._resolve(value, "/" + "/".join(path))
        if resolved is None or isinstance(resolved, Undefined | dict | list):
            return ""
        return str(resolved)

    def liquid(self, name: str, variables: JsonObject, *, is_html: bool) -> str:
        """Return a Liquid param rendered; ``""`` where it cannot be, with a problem that says why.

        A filter that does not exist lets its value through, as a run does.
        """
        source = self.params.get(name)
        at = f"/{name}"
        if not isinstance(source, str) or not source:
            self._problems.append(
                PreviewProblem(
                    code="missing_param",
                    name=name,
                    message=f"there is no {name}",
                    at=at,
                    is_error=True,
                )
            )
            return ""
        found = find_template_problems(source, variables, at=at, is_html=is_html)
        self._problems += found
        self._problems += find_missing(source, variables, at=at)
        try:
            return parse_message(source).render(variables, now=self._now)
        except LanguageError as error:
            if not any(problem.is_error for problem in found):
                self._problems.append(PreviewProblem.from_language(error, "render", at=at))
            return ""

    def _resolve(self, value: JsonValue, at: str) -> JsonValue | Undefined:
        try:
            if isinstance(value, str):
                if "{{" not in value:
                    return value
                return compile_template(value).resolve(self._scope)
            return resolve_params(value, self._scope)
        except LanguageError as error:
            self._problems.append(PreviewProblem.from_language(error, "expression", at=at))
            return UNDEFINED
