"""What a vault connection may be set up with, app by app (Auth0's OpenAPI; closed objects)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from sluiceway.management.fields import choice, closed, open_object, text
from sluiceway.management.validation import Schema
from sluiceway.management.vault_setup_words import words_of_field, words_of_kind
from sluiceway.vault.base import is_secret

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "CREATE_CONNECTION",
    "UPDATE_CONNECTION",
    "check_connection",
    "check_setup",
    "setup_kinds",
]

_WORD: Final[JsonObject] = {"type": "string"}  # Auth0 takes empty ones, too
_HTTPS: Final[JsonObject] = {"type": "string", "format": "absolute-https-uri", "maxLength": 500}


def _setup(type_: str, properties: JsonObject, *required: str) -> JsonObject:
    members: JsonObject = {"type": choice(type_), **properties}
    return closed(members, "type", *required).document


def _api_key(*names: str) -> JsonObject:
    return _setup("API_KEY", dict.fromkeys(names, _WORD), *names)


_CODE: Final = open_object({"type": choice("OAUTH_CODE"), "code": _WORD}).document
_TOKEN: Final = _setup("TOKEN", {"token": _WORD}, "token")
_ALGORITHMS: Final = tuple(
    f"{kind}{bits}" for kind in ("HS", "RS", "ES", "PS") for bits in (256, 384, 512)
)
_SETUPS: Final[dict[str, tuple[JsonObject, ...]]] = {
    "ACTIVECAMPAIGN": (_api_key("api_key", "base_url"),),
    "AIRTABLE": (_api_key("api_key"),),
    "AUTH0": (
        _setup(
            "OAUTH_APP",
            {
                "client_id": _WORD,
                "client_secret": _WORD,
                "domain": text(255, pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"),
                "audience": {"type": "string", "format": "absolute-https-uri"},
            },
            "client_id",
            "client_secret",
            "domain",
        ),
    ),
    "BIGQUERY": (
        closed(
            {
                "type": choice("OAUTH_JWT"),
                "project_id": _WORD,
                "private_key": _WORD,
                "client_email": {"type": "string", "format": "email"},
            }
        ).document,
    ),
    "CLEARBIT": (_setup("API_KEY", {"secret_key": _WORD}, "secret_key"),),
    "DOCUSIGN": (_CODE,),
    "GOOGLE_SHEETS": (_CODE,),
    "HTTP": (
        _setup("BEARER", {"token": _WORD}, "token"),
        _setup("BASIC_AUTH", {"username": text(155), "password": text(155)}, "username"),
        _setup(
            "API_KEY",
            {"name": text(55), "value": text(255), "in": choice("HEADER", "QUERY")},
            "name",
            "value",
            "in",
        ),
        _setup(
            "OAUTH_CLIENT_CREDENTIALS",
            {
                "client_id": text(255),
                "client_secret": text(255),
                "token_endpoint": _HTTPS,
                "audience": text(255),
                "resource": text(255),
                "scope": text(1024),
            },
            "client_id",
            "client_secret",
            "token_endpoint",
        ),
    ),
    "HUBSPOT": (_api_key("api_key"), _CODE),
    "JWT": (
        open_object(
            {"type": choice("JWT"), "algorithm": choice(*_ALGORITHMS)}, "type", "algorithm"
        ).document,
    ),
    "MAILCHIMP": (_api_key("api_key"), _CODE),
    "MAILJET": (_api_key("api_key", "secret_key"),),
    "PIPEDRIVE": (_TOKEN, _CODE),
    "SALESFORCE": (_CODE,),
    "SENDGRID": (_api_key("api_key"),),
    "SLACK": (_setup("WEBHOOK", {"url": _HTTPS}, "url"), _CODE),
    "STRIPE": (
        _setup(
            "KEY_PAIR", {"private_key": _WORD, "public_key": _WORD}, "private_key", "public_key"
        ),
        _CODE,
    ),
    "TELEGRAM": (_TOKEN,),
    "TWILIO": (_api_key("account_id", "api_key"),),
    "WHATSAPP": (_TOKEN,),
    "ZAPIER": (_setup("WEBHOOK", {"url": _HTTPS}, "url"),),
}
_NAME: Final = text(150, about="Flows Vault Connection name.")

CREATE_CONNECTION: Final = closed(
    {
        "name": _NAME,
        "app_id": {**choice(*_SETUPS), "description": "Flows Vault Connection app identifier."},
        "setup": {"type": "object"},
        "account_name": text(150),
        "environment": text(55),
    },
    "name",
    "app_id",
)
UPDATE_CONNECTION: Final = closed({"name": _NAME, "setup": {"type": "object"}})


def _wrapped(schemas: tuple[JsonObject, ...]) -> Schema:
    only: JsonObject = schemas[0] if len(schemas) == 1 else {"oneOf": list(schemas)}
    return Schema({"type": "object", "properties": {"setup": only}})


_CHECKS: Final = {app_id: _wrapped(schemas) for app_id, schemas in _SETUPS.items()}


def check_connection(payload: JsonValue) -> None:
    """Check the body that makes a connection, its setup by its app. Raises ``InvalidRequest``."""
    CREATE_CONNECTION.check(payload)
    if isinstance(payload, dict) and "setup" in payload:
        check_setup(str(payload["app_id"]), payload["setup"])


def check_setup(app_id: str, setup: JsonValue) -> None:
    """Check a setup. Raises ``InvalidRequest``; its message holds no value of the setup."""
    kinds = _SETUPS[app_id]
    type_ = setup.get("type") if isinstance(setup, dict) else None
    # With its type known, the message can say which member is wrong.
    for schema in kinds:
        properties = schema["properties"]
        known = properties["type"] if isinstance(properties, dict) else None
        if isinstance(known, dict) and known["enum"] == [type_]:
            Schema({"type": "object", "properties": {"setup": schema}}).check({"setup": setup})
            return
    _CHECKS[app_id].check({"setup": setup})


def setup_kinds() -> dict[str, list[JsonValue]]:
    """Return, by app, the kinds of setup there are: ``{type, title, fields: [{name, ...}]}``."""
    return {
        app_id: [_kind(app_id, schema) for schema in schemas] for app_id, schemas in _SETUPS.items()
    }


def _kind(app_id: str, schema: JsonObject) -> JsonObject:
    properties = cast("dict[str, JsonObject]", schema["properties"])
    required = cast("list[str]", schema.get("required", []))
    members = {**properties, **(_JWT_KEYS if "algorithm" in properties else {})}
    type_ = cast("list[str]", members["type"]["enum"])[0]
    return {
        "type": type_,
        **words_of_kind(type_),
        "fields": [
            {
                "name": name,
                **words_of_field(app_id, name),
                "required": name in required,
                "secret": is_secret(name),
                "choices": member.get("enum"),
            }
            for name, member in members.items()
            if name != "type"
        ],
    }


# Auth0 publishes no more of it than the algorithm: these are what Sluiceway's actions read.
_JWT_KEYS: Final[dict[str, JsonObject]] = {"secret": {}, "private_key": {}, "public_key": {}}
