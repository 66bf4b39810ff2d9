"""``/api/v2/branding/phone/…``: providers and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.management._crud import crud_routes
from sluiceway.api.route import Call, Param, Reply, Route
from sluiceway.errors import ProviderNotEnabled
from sluiceway.management.phone import PROVIDERS, TEMPLATES, TRY, reset_template
from sluiceway.management.provider_directory import TenantProviders
from sluiceway.management.resources import list_items, load_item
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_TEST_WORDS: Final = "This is a test message from Sluiceway."


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
    page = await list_items(call.services.tenant.environment, TEMPLATES, limit=1000)
    wanted = call.query["disabled"]
    items: list[JsonValue] = [
        item for item in page.items if wanted is None or item["disabled"] == wanted
    ]
    return {"templates": items}


async def _try_provider(call: Call) -> Reply:
    environment = call.services.tenant.environment
    document = await load_item(environment, PROVIDERS, call.path["id"])
    return await _try(call, TenantProviders(environment).phone_from(document), _TEST_WORDS)


async def _try_template(call: Call) -> Reply:
    environment = call.services.tenant.environment
    document = await load_item(environment, TEMPLATES, call.path["id"])
    provider = await TenantProviders(environment).phone()
    if provider is None:
        raise ProviderNotEnabled("expected a phone provider, found none set up")
    content = document.body.get("content")
    body = content.get("body") if isinstance(content, dict) else None
    is_voice = _channel(call) is Channel.CALL
    words = body.get("voice" if is_voice else "text") if isinstance(body, dict) else None
    reply = await _try(call, provider, words if isinstance(words, str) else _TEST_WORDS)
    return Reply(status=202, body={"message": "Notification was sent"} if reply.body else None)


def _channel(call: Call) -> Channel:
    body = call.body if isinstance(call.body, dict) else {}
    return Channel.CALL if body.get("delivery_method") == "voice" else Channel.SMS


async def _try(call: Call, provider: object, words: str) -> Reply:
    from sluiceway.providers.base import ConfiguredProvider  # noqa: PLC0415 - beside its only use

    send = call.services.try_phone
    if send is None or not isinstance(provider, ConfiguredProvider):
        raise ProviderNotEnabled(
            "expected a server that delivers messages, found a process that does not"
        )
    body = call.body if isinstance(call.body, dict) else {}
    await send(provider, _channel(call), str(body["to"]), words)
    return Reply(status=202, body={"code": 202, "message": "Notification was sent"})


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
    ),
    Route(
        method="POST",
        path=f"/api/v2/{_PROVIDERS}/{{id}}/try",
        handle=_try_provider,
        summary="Send a test message through a phone provider",
        scopes=("create:phone_providers",),
        body=TRY,
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
        body=TRY,
        status=202,
        tag=_TEMPLATES,
    ),
)
