"""``/sluiceway/v1/webhooks``: where providers post what became of messages, and their keys.

``POST /sluiceway/v1/webhooks/{provider}`` is open: the provider's signature is what proves it. It
answers 200 with ``{received, noted, unknown}``; 406 where the post is not proved, so that a
provider does not try again; 503 where it should.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from sluiceway.api.errors import Refusal, envelope, reply_for
from sluiceway.api.requests import read_body
from sluiceway.api.route import Call, Reply, Route, Stream
from sluiceway.errors import OutboundError, SluicewayError, StorageError
from sluiceway.management.delivery_webhooks import (
    SET_WEBHOOK,
    forget_webhook,
    list_webhooks,
    load_keys,
    set_webhook,
    webhook_named,
)
from sluiceway.providers.webhooks.base import WebhookPost, WebhookRefused

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_LONGEST_POST: Final = 2 * 1024 * 1024


async def _list(call: Call) -> JsonObject:
    found: list[JsonValue] = [*await list_webhooks(call.services.tenant.environment)]
    return {"webhooks": found}


async def _set(call: Call) -> JsonValue:
    environment = call.services.tenant.environment
    spec = webhook_named(call.path["provider"])
    await set_webhook(environment, spec, call.body)
    return next(
        entry for entry in await list_webhooks(environment) if entry["provider"] == spec.name
    )


async def _forget(call: Call) -> None:
    await forget_webhook(call.services.tenant.environment, webhook_named(call.path["provider"]))


async def _receive(call: Call) -> Stream:
    """Take a post in; the signature covers its bytes, so they are read as they come."""

    async def respond(scope: Any, receive: Any, send: Any) -> None:
        try:
            reply = await _take(call, scope, await read_body(receive, limit=_LONGEST_POST))
        except ConnectionResetError:
            return
        except (SluicewayError, Refusal) as error:
            reply = reply_for(error)
        data = msgspec.json.encode(reply.body)
        headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"content-length", str(len(data)).encode()),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    return Stream(app=respond)


async def _take(call: Call, scope: Any, body: bytes) -> Reply:
    environment = call.services.tenant.environment
    spec = webhook_named(call.path["provider"])
    post = WebhookPost(
        body=body,
        headers=call.headers,
        urls=_urls(call, scope),
        query=dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))),
        now=environment.now(),
    )
    try:
        counts = await call.services.need_reports().take(
            spec, post, keys=await load_keys(environment, spec)
        )
    except WebhookRefused as refusal:
        return Reply(status=406, body=envelope(406, f"{spec.title}: {refusal}"))
    except OutboundError as error:
        raise StorageError(f"cannot prove the post now: {error.message}") from error
    return Reply(
        body={"received": counts.received, "noted": counts.noted, "unknown": counts.unknown}
    )


def _urls(call: Call, scope: Any) -> tuple[str, ...]:
    """Return what the provider may have called us: by our domain, or by a proxy's name."""
    query = scope.get("query_string", b"").decode("latin-1")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    target = f"{path}?{query}" if query else path
    hosts = (
        call.services.tenant.environment.domain,
        call.headers.get("x-forwarded-host", ""),
        call.headers.get("host", ""),
    )
    return tuple(
        f"{scheme}://{host}{target}"
        for host in dict.fromkeys(host for host in hosts if host)
        for scheme in ("https", "http")
    )


_ALL: Final = "/sluiceway/v1/webhooks"
_ONE: Final = "/sluiceway/v1/webhooks/{provider}"
_TAG: Final = "webhooks"

ROUTES: Final = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="List where providers can post delivery results",
        scopes=("read:email_provider", "read:phone_providers"),
        tag=_TAG,
    ),
    Route(
        method="PUT",
        path=_ONE,
        handle=_set,
        summary="Set the key that proves a provider's posts",
        scopes=("update:email_provider", "update:phone_providers"),
        body=SET_WEBHOOK,
        is_checked=False,
        tag=_TAG,
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handle=_forget,
        summary="Forget the key: posts are refused",
        scopes=("delete:email_provider", "delete:phone_providers"),
        status=204,
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=_ONE,
        handle=_receive,
        summary="Take delivery results in (called by the provider, proved by its signature)",
        is_open=True,
        tag=_TAG,
    ),
)
