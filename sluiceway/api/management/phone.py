"""``/api/v2/branding/phone/…``: providers and templates."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from sluiceway.api._stock_content import template_content
from sluiceway.api.management._crud import crud_routes
from sluiceway.api.route import Call, Param, Reply, Route
from sluiceway.engine.trials import trial_content
from sluiceway.errors import ProviderError, ProviderNotEnabled
from sluiceway.management.phone import (
    PROVIDERS,
    TEMPLATES,
    TRY_PROVIDER,
    TRY_TEMPLATE,
    list_templates,
    reset_template,
)
from sluiceway.management.provider_directory import TenantProviders
from sluiceway.management.resources import list_items, load_item
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from sluiceway.engine.trials import Trials
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import MessageContent
    from sluiceway.providers.base import ConfiguredProvider

__all__ = ["ROUTES"]

_SENT: Final[JsonObject] = {
    "code": 202,
    "message": "Test notification successfully sent for processing",
}
"""Recorded: the answer comes whatever becomes of the message."""
_LOG: Final = logging.getLogger("sluiceway.api")


async def _list_providers(call: Call) -> JsonObject:
    page = await list_items(call.services.tenant.environment, PROVIDERS, limit=1000)
    wanted = call.query["disabled"]
    items: list[JsonValue] = [
        {**item, "credentials": None}  # recorded: only the list shows the key
        for item in page.items
        if wanted is None or item["disabled"] == wanted
    ]
    return {"providers": items}


async def _list_templates(call: Call) -> JsonObject:
    listed = await list_templates(call.services.tenant.environment)
    wanted = call.query["disabled"]
    items: list[JsonValue] = [
        item for item in listed if wanted is None or item["disabled"] == wanted
    ]
    return {"templates": items}


async def _try_provider(call: Call) -> Reply:
    environment = call.services.tenant.environment
    document = await load_item(environment, PROVIDERS, call.path["id"])
    configured = TenantProviders(environment).phone_from(document)
    channel, to = _asked(call)
    return await _send(call, channel, trial_content(channel, to), configured=configured)


async def _try_template(call: Call) -> Reply:
    await load_item(call.services.tenant.environment, TEMPLATES, call.path["id"])
    channel, to = _asked(call)
    content = await template_content(call, channel, call.path["id"], to)
    return await _send(call, channel, content)


async def _send(
    call: Call,
    channel: Channel,
    content: MessageContent,
    *,
    configured: ConfiguredProvider | None = None,
) -> Reply:
    """Send a test message; a refusal is logged, and told by our own API's ``…/phone/try``."""
    trials = _trials(call)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await trials.send(channel, content, configured=configured)
    except (ProviderError, TimeoutError) as error:
        _LOG.warning("A test message was not sent: %s", str(error) or "no answer in time")
    return Reply(status=202, body=_SENT)


def _asked(call: Call) -> tuple[Channel, str]:
    body = call.body if isinstance(call.body, dict) else {}
    channel = Channel.CALL if body.get("delivery_method") == "voice" else Channel.SMS
    return channel, str(body["to"])


def _trials(call: Call) -> Trials:
    if call.services.trials is None:
        raise ProviderNotEnabled(
            "expected a server that delivers messages, found a process that does not"
        )
    return call.services.trials


_PATIENCE_S: Final = 5
_DISABLED: Final = (Param(name="disabled", type="boolean"),)
_PROVIDERS: Final = "branding/phone/providers"
_TEMPLATES: Final = "branding/phone/templates"

ROUTES: Final = (
    Route(
        method="GET",
        path=f"/api/v2/{_PROVIDERS}",
        handle=_list_providers,
        summary="List phone providers",
        scopes=("read:phone_providers",),
        query=_DISABLED,
        tag=_PROVIDERS,
    ),
    *crud_routes(
        PROVIDERS,
        path=_PROVIDERS,
        scope="phone_providers",
        key="providers",
        name="phone provider",
        has_list=False,
        reports_missing=True,
    ),
    Route(
        method="POST",
        path=f"/api/v2/{_PROVIDERS}/{{id}}/try",
        handle=_try_provider,
        summary="Send a test message through a phone provider",
        scopes=("create:phone_providers",),
        body=TRY_PROVIDER,
        status=202,
        tag=_PROVIDERS,
    ),
    Route(
        method="GET",
        path=f"/api/v2/{_TEMPLATES}",
        handle=_list_templates,
        summary="List phone templates",
        scopes=("read:phone_templates",),
        query=_DISABLED,
        tag=_TEMPLATES,
    ),
    *crud_routes(
        TEMPLATES,
        path=_TEMPLATES,
        scope="phone_templates",
        key="templates",
        name="phone template",
        has_list=False,
        reports_missing=True,
    ),
    Route(
        method="PATCH",
        path=f"/api/v2/{_TEMPLATES}/{{id}}/reset",
        handle=lambda call: reset_template(call.services.tenant.environment, call.path["id"]),
        summary="Give a phone template its first content back",
        scopes=("update:phone_templates",),
        tag=_TEMPLATES,
    ),
    Route(
        method="POST",
        path=f"/api/v2/{_TEMPLATES}/{{id}}/try",
        handle=_try_template,
        summary="Send a phone template as a test",
        scopes=("create:phone_templates",),
        body=TRY_TEMPLATE,
        status=202,
        tag=_TEMPLATES,
    ),
)
