"""Phone providers and phone templates: ``/api/v2/branding/phone/…`` apart from HTTP.

Recorded: terraform-provider-auth0 ``TestAccCheckPhoneProvider`` and ``TestAccDataPhoneProvider``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.errors import InvalidRequest, NotFound
from sluiceway.management.fields import FLAG, choice, closed, nullable, open_object, text
from sluiceway.management.phone_words import FIRST_WORDS, LISTED_UNSET
from sluiceway.management.records import change
from sluiceway.management.resources import Resource, list_items, shown_item
from sluiceway.models.ids import new_id
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject
    from sluiceway.storage.base import Document

__all__ = [
    "PROVIDERS",
    "TEMPLATES",
    "TRY_PROVIDER",
    "TRY_TEMPLATE",
    "list_templates",
    "reset_template",
]

_METHODS: Final[JsonObject] = {
    "type": "array",
    "minItems": 1,
    "items": choice("text", "voice"),
}
# Recorded: a custom provider keeps what a twilio one is configured with, where it is sent.
_CONFIGURATION: Final = closed(
    {
        "sid": text(255, shortest=0),
        "default_from": nullable(text(255, shortest=0)),
        "mssid": nullable(text(255, shortest=0)),
        "delivery_methods": _METHODS,
    },
    "delivery_methods",
).document
_PROPERTIES: Final[JsonObject] = {
    "name": choice("twilio", "custom"),
    "disabled": FLAG,
    "configuration": _CONFIGURATION,
    "credentials": {
        "anyOf": [
            closed({"auth_token": text(255)}, "auth_token").document,
            # Auth0's custom provider is an Action; ours is a webhook with an address and a secret.
            closed(
                {
                    "webhook_url": text(2048, pattern="^https?://"),
                    "webhook_secret": text(shortest=16),
                }
            ).document,
        ]
    },
}


async def _check_provider(_: Environment, body: JsonObject) -> JsonObject:
    configuration = body.get("configuration")
    given = configuration if isinstance(configuration, dict) else {}
    has_sender = bool(given.get("default_from") or given.get("mssid"))
    if body.get("name") == "twilio" and not (given.get("sid") and has_sender):
        raise InvalidRequest("Bad Operation on Notification Resource")
    order = ("tenant", "name", "channel", "disabled", "configuration")
    return {name: body[name] for name in order if name in body}


def _provider_id(environment: Environment, body: JsonObject) -> str:
    body["tenant"] = environment.tenant_name
    return new_id("pro", random_bits=environment.random_bits)


PROVIDERS: Final = Resource(
    kind="phone_provider",
    new_id=_provider_id,
    create=open_object(_PROPERTIES, "name", "credentials"),
    update=closed(_PROPERTIES, least=1),
    missing=("The phone provider does not exist.", "inexistent_phone_provider"),
    defaults={"tenant": "", "channel": "phone", "disabled": False},
    secret="credentials",  # noqa: S106 - the name of the member, not its value
    has_dates=True,
    check=_check_provider,
)

_TYPES: Final = (
    "otp_verify",
    "otp_enroll",
    "change_password",
    "blocked_account",
    "password_breach",
)
_BODY: Final = closed({"text": text(20_000), "voice": text(20_000)}).document
_CONTENT: Final = closed(
    {"syntax": {"type": "string"}, "from": text(16), "body": _BODY}, least=1
).document
_TEMPLATE: Final[JsonObject] = {"disabled": FLAG, "content": _CONTENT}


def _default_content(type_: str) -> JsonObject:
    words = FIRST_WORDS[type_]
    body: JsonObject = {"text": words.text, "voice": words.voice}
    return {"syntax": "liquid", "body": body, "from": ""}


async def _check_template(_: Environment, body: JsonObject) -> JsonObject:
    content = _default_content(str(body["type"]))
    given = body.get("content")
    if isinstance(given, dict):
        del content["from"]  # recorded: who gives words and no sender sees none
        content |= {**given, "syntax": "liquid"}
    return {
        **{name: body[name] for name in ("tenant", "channel", "type", "disabled")},
        "content": content,
    }


def _template_id(environment: Environment, body: JsonObject) -> str:
    body["tenant"] = environment.tenant_name
    return new_id("tem", random_bits=environment.random_bits)


TEMPLATES: Final = Resource(
    kind="phone_template",
    new_id=_template_id,
    create=closed({**_TEMPLATE, "type": choice(*_TYPES)}, "type"),
    update=closed(_TEMPLATE),
    missing=("The phone template does not exist.", "inexistent_phone_template"),
    taken=("A template of this type already exists.", "phone_template_conflict"),
    unique=("type",),
    defaults={"tenant": "", "channel": "phone", "disabled": False},
    merged=("content",),
    has_dates=True,
    check=_check_template,
)

_TRY: Final[JsonObject] = {"to": text(16), "delivery_method": choice("text", "voice")}
TRY_PROVIDER: Final = closed(_TRY, "to")
TRY_TEMPLATE: Final = open_object(_TRY, "to")


async def list_templates(environment: Environment) -> list[JsonObject]:
    """Return the tenant's templates by type; those never set show their first words, and no id."""
    page = await list_items(environment, TEMPLATES, limit=1000)
    now = format_timestamp(environment.now())
    listed: dict[str, JsonObject] = {
        type_: {
            "tenant": environment.tenant_name,
            "channel": "phone",
            "type": type_,
            "disabled": False,
            "created_at": now,
            "updated_at": now,
            "content": _default_content(type_),
        }
        for type_ in LISTED_UNSET
    }
    listed |= {str(item["type"]): item for item in page.items}
    return [listed[type_] for type_ in sorted(listed)]


async def reset_template(environment: Environment, id_: str) -> JsonObject:
    """Give a template its first words back; its sender stays.

    Raises:
        NotFound: there is none with that id.
    """

    def edit(current: Document) -> Document:
        first = _default_content(str(current.body["type"]))
        old = current.body.get("content")
        sender = {"from": old["from"]} if isinstance(old, dict) and "from" in old else {}
        body: JsonObject = {**current.body, "content": {**first, **sender}}
        return replace(current, body=body, updated_at=environment.now())

    edited = await change(environment.documents, TEMPLATES.kind, id_, edit)
    if edited is None:
        raise NotFound(TEMPLATES.missing[0], error_code=TEMPLATES.missing[1])
    return shown_item(TEMPLATES, edited)
