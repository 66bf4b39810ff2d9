"""``/sluiceway/v1/providers``: the delivery providers, what there is to choose, and test messages.

The tenant's providers are set up over Auth0's API (``/api/v2/emails/provider``,
``/api/v2/branding/phone/providers``); here is what that API has no place for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api._stock_content import template_content
from sluiceway.api.route import Call, Route
from sluiceway.engine.trials import trial_content
from sluiceway.errors import NotFound
from sluiceway.management import email_provider
from sluiceway.management.delivery_limits import (
    CHANGE_LIMITS,
    change_limits,
    load_limits,
    shown_limits,
)
from sluiceway.management.fields import choice, closed, text
from sluiceway.management.phone import PROVIDERS
from sluiceway.management.resources import list_items
from sluiceway.models.message import Channel
from sluiceway.providers.choice import CAPTURE, find_email_specs, find_phone_specs

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_KINDS: Final = ("email", "phone")
_TRY: Final = closed(
    {
        "to": text(320, about="An address, or a number in E.164 form."),
        "delivery_method": choice("text", "voice"),
        "template": text(200, about="A stock template, sent with sample data."),
    },
    "to",
)
_RESULT: Final[JsonObject] = {
    "type": "object",
    "required": ["ok", "took_ms"],
    "properties": {
        "ok": {"type": "boolean"},
        "provider": {"type": "string"},
        "receipt": {"type": "string", "description": "The provider's id of the message."},
        "took_ms": {"type": "integer"},
        "error": {"type": "object", "description": "code, message, hint, details."},
        "retryable": {"type": "boolean"},
    },
}


async def _list(call: Call) -> JsonObject:
    """Return both kinds: what is set up, what is in force, and the operator's limits."""
    environment = call.services.tenant.environment
    document = await email_provider.load_provider(environment)
    page = await list_items(environment, PROVIDERS, limit=100)
    enabled = [item for item in page.items if not item.get("disabled")]
    phones: list[JsonValue] = [*page.items]
    return {
        "email": {
            "in_force": str(document.body["name"]) if document else CAPTURE,
            "enabled": bool(document.body["enabled"]) if document else True,
            "provider": document.body if document else None,
            "limits": shown_limits(await load_limits(environment, "email")),
        },
        "phone": {
            "in_force": str((enabled or page.items)[0]["name"]) if page.items else CAPTURE,
            "enabled": bool(enabled) or not page.items,
            "providers": phones,
            "limits": shown_limits(await load_limits(environment, "phone")),
        },
    }


async def _catalogue(_: Call) -> JsonObject:
    """Return what there is to choose, with JSON Schemas that forms can be drawn from."""
    emails: list[JsonValue] = [
        {
            "name": spec.name,
            "title": spec.title,
            "credentials": spec.credentials,
            "settings": spec.settings,
            "rate_per_s": spec.rate_per_s,
            "deduplicates": spec.deduplicates,
            "source": spec.source,
        }
        for spec in find_email_specs().values()
    ]
    phones: list[JsonValue] = [
        {
            "name": spec.name,
            "title": spec.title,
            "credentials": spec.credentials,
            "configuration": spec.configuration,
            "rate_per_s": spec.rate_per_s,
            "deduplicates": spec.deduplicates,
            "source": spec.source,
        }
        for spec in find_phone_specs().values()
    ]
    return {"email": emails, "phone": phones}


async def _try(call: Call) -> JsonValue:
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    channel = Channel.EMAIL
    if _kind(call) == "phone":
        channel = Channel.CALL if body.get("delivery_method") == "voice" else Channel.SMS
    content = trial_content(channel, str(body["to"]))
    if "template" in body:
        content = await template_content(call, channel, str(body["template"]), str(body["to"]))
    return await call.services.need_trials().tell(channel, content)


async def _get_limits(call: Call) -> JsonValue:
    return shown_limits(await load_limits(_environment(call), _kind(call)))


async def _change_limits(call: Call) -> JsonValue:
    return shown_limits(await change_limits(_environment(call), _kind(call), call.body))


def _environment(call: Call) -> Environment:
    return call.services.tenant.environment


def _kind(call: Call) -> str:
    kind = call.path["kind"]
    if kind not in _KINDS:
        raise NotFound(f"expected email or phone, found {kind!r}")
    return kind


_ALL: Final = "/sluiceway/v1/providers"
_READ: Final = ("read:email_provider", "read:phone_providers")
_UPDATE: Final = ("update:email_provider", "update:phone_providers")
_TAG: Final = "providers"

ROUTES: Final = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="List the delivery providers and their limits",
        scopes=_READ,
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_ALL}/catalogue",
        handle=_catalogue,
        summary="List the providers there are to choose",
        scopes=_READ,
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_ALL}/{{kind}}/try",
        handle=_try,
        summary="Send a test message and say what happened",
        scopes=("create:phone_providers", "create:email_provider"),
        body=_TRY,
        response=_RESULT,
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_ALL}/{{kind}}/limits",
        handle=_get_limits,
        summary="Get the operator's limits on a kind of message",
        scopes=_READ,
        tag=_TAG,
    ),
    Route(
        method="PATCH",
        path=f"{_ALL}/{{kind}}/limits",
        handle=_change_limits,
        summary="Change the operator's limits on a kind of message",
        scopes=_UPDATE,
        body=CHANGE_LIMITS,
        is_checked=False,
        tag=_TAG,
    ),
)
