"""The keys that prove who posts delivery results, by provider."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from sluiceway.errors import NotFound
from sluiceway.extensions import discover
from sluiceway.management.fields import closed, text
from sluiceway.management.phone import PROVIDERS
from sluiceway.management.records import change
from sluiceway.management.resources import open_secret
from sluiceway.models.json_text import did_you_mean
from sluiceway.models.timestamps import format_timestamp
from sluiceway.providers.webhooks.base import WebhookSpec
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "SET_WEBHOOK",
    "find_webhooks",
    "forget_webhook",
    "list_webhooks",
    "load_keys",
    "set_webhook",
    "webhook_named",
]

_KIND: Final = "delivery_webhook"
SET_WEBHOOK: Final = closed({"key": text(2000, about="What GET calls key_title.")}, "key")


@cache
def find_webhooks() -> dict[str, WebhookSpec]:
    """Return the webhooks by provider."""
    found = discover("sluiceway.providers.webhooks", "WEBHOOK", WebhookSpec)
    return {spec.name: spec for _, spec in found}


def webhook_named(name: str) -> WebhookSpec:
    """Return the webhook of the provider *name*.

    Raises:
        NotFound: it posts none that we read.
    """
    spec = find_webhooks().get(name)
    if spec is None:
        hint = did_you_mean(name, find_webhooks()) or f"There are: {', '.join(find_webhooks())}."
        raise NotFound(f"expected a provider that reports deliveries, found {name!r}. {hint}")
    return spec


async def list_webhooks(environment: Environment) -> list[JsonObject]:
    """Return every webhook: its address, and whether posts to it can be proved."""
    shown: list[JsonObject] = []
    for spec in find_webhooks().values():
        document = await environment.documents.get(_KIND, spec.name)
        keys = await load_keys(environment, spec)
        entry: JsonObject = {
            "provider": spec.name,
            "title": spec.title,
            "url": f"https://{environment.domain}/sluiceway/v1/webhooks/{spec.name}",
            "is_set": bool(keys),
            "key_title": spec.key_title,
            "source": spec.source,
        }
        if keys and not spec.is_secret:
            entry["key"] = keys[0]
        if document is not None:
            entry["updated_at"] = format_timestamp(document.updated_at)
        shown.append(entry)
    return shown


async def load_keys(environment: Environment, spec: WebhookSpec) -> tuple[str, ...]:
    """Return the keys that may prove a post of *spec*'s provider."""
    document = await environment.documents.get(_KIND, spec.name)
    keys: list[JsonValue] = []
    if document is not None:
        keys.append(open_secret(environment, document).get("key"))
    if spec.name == "twilio":
        found = await environment.documents.list(PROVIDERS.kind, limit=100)
        keys += [
            open_secret(environment, provider).get("auth_token")
            for provider in found
            if provider.body.get("name") == spec.name
        ]
    return tuple(dict.fromkeys(key for key in keys if isinstance(key, str) and key))


async def set_webhook(environment: Environment, spec: WebhookSpec, payload: JsonValue) -> None:
    """Keep the key of a provider's webhook, in place of the one before.

    Raises:
        InvalidRequest: the body breaks the schema.
    """
    SET_WEBHOOK.check(payload)
    given: Any = payload
    secret = environment.sealer.seal(
        json.dumps({"key": str(given["key"]).strip()}).encode(), identity=f"{_KIND}/{spec.name}"
    )
    now = environment.now()
    fresh = Document(
        kind=_KIND, id=spec.name, body={}, created_at=now, updated_at=now, secret=secret
    )
    try:
        await environment.documents.insert(fresh)
    except DuplicateKey:
        await change(
            environment.documents,
            _KIND,
            spec.name,
            lambda d: replace(d, secret=secret, updated_at=now),
        )


async def forget_webhook(environment: Environment, spec: WebhookSpec) -> None:
    """Forget the key; posts are refused from then on."""
    await environment.documents.delete(_KIND, spec.name)
