"""The tenant's stock templates as drafts: email templates by name, phone templates by type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import InvalidRequest, NotFound
from sluiceway.management import email_templates
from sluiceway.management.phone import TEMPLATES as PHONE_TEMPLATES
from sluiceway.management.resources import load_item
from sluiceway.models.json_text import did_you_mean
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["KINDS", "StockTemplate", "load_stock_template"]

KINDS: Final = ("email", "sms", "call")


class StockTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A stock template as the params of a notification; *extra* is what only it can read."""

    channel: Channel
    params: JsonObject
    is_enabled: bool
    extra: JsonObject


async def load_stock_template(
    environment: Environment, *, channel: Channel, name: str, to: str
) -> StockTemplate:
    """Return the template *name* addressed to *to*; a flow's notification is rendered likewise.

    Args:
        environment: the tenant's surroundings.
        channel: ``EMAIL``; ``SMS`` for a phone template's text, ``CALL`` for what it speaks.
        name: an email template's name, like ``welcome_email``; a phone template's id or type.
        to: the recipient.

    Raises:
        NotFound: there is none.
        InvalidRequest: there is no such email template in Auth0's API.
    """
    if channel is Channel.EMAIL:
        return await _email(environment, name, to)
    document = await environment.documents.get(PHONE_TEMPLATES.kind, name)
    if document is None:
        found = await environment.documents.find(PHONE_TEMPLATES.kind, "type", name, limit=1)
        if not found:
            raise NotFound(PHONE_TEMPLATES.missing[0], error_code=PHONE_TEMPLATES.missing[1])
        document = found[0]
    content = _object(document.body.get("content"))
    words = _object(content.get("body"))
    params: JsonObject = {
        "to": to,
        "message": words.get("text" if channel is Channel.SMS else "voice") or "",
    }
    if content.get("from"):
        params["from"] = content["from"]
    return StockTemplate(
        channel=channel,
        params=params,
        is_enabled=not document.body.get("disabled"),
        extra={"message_type": document.body.get("type")},
    )


async def _email(environment: Environment, name: str, to: str) -> StockTemplate:
    if name not in email_templates.NAMES:
        raise InvalidRequest(
            f"expected the name of an email template, found {name!r}."
            f" {did_you_mean(name, email_templates.NAMES)}".rstrip(),
            error_code="invalid_body",
        )
    document = await load_item(environment, email_templates.TEMPLATES, name)
    body = document.body
    params: JsonObject = {
        "to": to,
        "subject": body.get("subject") or "",
        "body": body.get("body") or "",
    }
    if body.get("from"):
        params["from"] = body["from"]
    return StockTemplate(
        channel=Channel.EMAIL,
        params=params,
        is_enabled=bool(body.get("enabled")),
        extra={"url_lifetime_in_seconds": body.get("urlLifetimeInSeconds")},
    )


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
