"""The secrets that ``doctor --leaks`` plants, and the flows that carry them everywhere."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import asdict

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["ECHO_HOST", "GIVES", "Canaries", "flows_with"]

GIVES: Final = "gives-a-secret"
ECHO_HOST: Final = "echo.leaks.example"
"""Repeats what it is sent, in every encoding: the worst that another side can do."""

_ODD: Final = "/+ü&\"'<"
"""Characters that every encoding writes differently."""


def _new(hint: str) -> str:
    half = secrets.token_hex(8)
    return f"{hint}{half}{_ODD}{secrets.token_hex(8)}"


def _plain(hint: str) -> str:
    return hint + secrets.token_hex(16)


class Canaries(Discreet, msgspec.Struct, frozen=True):
    """One secret of each kind; no two are alike."""

    withheld = frozenset(
        {
            "bearer_token",
            "basic_password",
            "api_key",
            "client_secret",
            "wrong_client_secret",
            "signing_secret",
            "user_password",
            "header",
            "masked_field",
            "masked_output",
            "provider_key",
        }
    )

    bearer_token: str = msgspec.field(default_factory=lambda: _plain("bt"))
    basic_password: str = msgspec.field(default_factory=lambda: _new("bp"))
    api_key: str = msgspec.field(default_factory=lambda: _plain("ak"))
    client_secret: str = msgspec.field(default_factory=lambda: _plain("cs"))
    wrong_client_secret: str = msgspec.field(default_factory=lambda: _new("ws"))
    signing_secret: str = msgspec.field(default_factory=lambda: _new("ss"))
    user_password: str = msgspec.field(default_factory=lambda: _new("Up"))
    header: str = msgspec.field(default_factory=lambda: _plain("ah"))
    masked_field: str = msgspec.field(default_factory=lambda: _new("mf"))
    masked_output: str = msgspec.field(default_factory=lambda: _new("mo"))
    provider_key: str = msgspec.field(default_factory=lambda: _plain("pk"))
    not_hidden: str = msgspec.field(default_factory=lambda: _plain("nh"))

    def as_mapping(self) -> dict[str, str]:
        """Return the secrets by what they are called; not the one that nobody hides."""
        return {name: value for name, value in asdict(self).items() if name != "not_hidden"}


def _call(id_: str, **params: Any) -> dict[str, Any]:
    body = {"id": id_, "type": "HTTP", "action": "SEND_REQUEST", **_flags(params)}
    url = params.pop("url", f"https://{ECHO_HOST}/{id_}")
    return {**body, "params": {"url": url, "method": "POST", "content_type": "JSON", **params}}


def _flags(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params.pop(name) for name in ("mask_output", "allow_failure") if name in params}


def _flow(id_: str, action: str, **params: Any) -> dict[str, Any]:
    return {"id": id_, "type": "FLOW", "action": action, "params": params}


def _auth0(id_: str, action: str, **params: Any) -> dict[str, Any]:
    return {"id": id_, "type": "AUTH0", "action": action, **_flags(params), "params": params}


_MASKED: Final = "{{ functions.mask(fields.masked) }}"
Planted = tuple[dict[str, Any], "JsonObject"]
"""A flow and the fields that it is started with."""


def flows_with(canaries: Canaries, connections: dict[str, str]) -> list[Planted]:
    """Return the flows, each with its fields; *connections* gives the ids by their names."""
    return [
        _credentials(connections),
        _masks(canaries),
        _users(canaries, connections),
        _codes(canaries, connections),
        _failures(canaries, connections),
        _fails(canaries, connections),
    ]


def _credentials(connections: dict[str, str]) -> Planted:
    actions = [
        _call(f"call_{name}", connection_id=connections[name], payload={"n": 1})
        for name in ("bearer", "basic", "key_header", "key_query")
    ]
    return {"name": "Credentials", "actions": actions}, {}


def _masks(canaries: Canaries) -> Planted:
    actions = [
        _flow("vars", "STORE_VARS", vars={"kept": "{{ fields.masked }}", "m": _MASKED}),
        _call("echo_masked", payload={"a": _MASKED, "b": "{{ vars.kept }}"}),
        _call("hidden", url=f"https://{ECHO_HOST}/{GIVES}", mask_output=True),
        _call("after", payload={"seen": "{{ actions.hidden.body }}"}),
        _call("header", headers={"Authorization": "Bearer {{ fields.header }}"}),
        _call("open", payload={"open": "{{ fields.not_hidden }}"}),
        _flow("returned", "RETURN_JSON", payload={"all": "{{ actions.after.body }}"}),
    ]
    fields: JsonObject = {
        "masked": canaries.masked_field,
        "header": canaries.header,
        "not_hidden": canaries.not_hidden,
    }
    return {"name": "Masks", "actions": actions}, fields


def _users(canaries: Canaries, connections: dict[str, str]) -> Planted:
    tenant = connections["tenant"]
    payload = {
        "connection": "Username-Password-Authentication",
        "email": "canary@leaks.example",
        "password": "{{ fields.password }}",
    }
    wrong = {"method": "POST", "pathname": "/api/v2/users", "payload": {**payload, "email": "?"}}
    actions = [
        _auth0("make", "CREATE_USER", connection_id=tenant, payload=payload),
        _auth0("look", "GET_USER", connection_id=tenant, user_id="{{ actions.make.body.user_id }}"),
        _auth0("wrong", "SEND_REQUEST", connection_id=tenant, **wrong),
        _call("echo_password", payload={"again": "{{ fields.password }}"}),
    ]
    return {"name": "Users", "actions": actions}, {"password": canaries.user_password}


def _codes(canaries: Canaries, connections: dict[str, str]) -> Planted:
    mail = {
        "to": "canary@leaks.example",
        "subject": "Code {{ custom_vars.code }}",
        "body": "<p>{{ custom_vars.code }} {{ custom_vars.masked }}</p>",
        "custom_vars": {"code": "{{ actions.code.code }}", "masked": _MASKED},
    }
    generate = {"id": "code", "type": "OTP", "action": "GENERATE_CODE"}
    sign = {"id": "signed", "type": "JWT", "action": "SIGN_JWT"}
    actions: list[dict[str, Any]] = [
        {**generate, "params": {"reference": "leaks", "length": 10}},
        _auth0("mail", "SEND_EMAIL", **mail),
        _call("echo_code", payload={"code": "{{ actions.code.code }}"}),
        {**sign, "params": {"connection_id": connections["jwt"], "subject": "x"}},
    ]
    return {"name": "Codes", "actions": actions}, {"masked": canaries.masked_field}


def _failures(canaries: Canaries, connections: dict[str, str]) -> Planted:
    refused = {"connection_id": connections["refused"], "user_id": "{{ fields.masked }}"}
    actions = [
        _auth0("refused", "GET_USER", allow_failure=True, **refused),
        _call("forbidden", url=f"http://127.0.0.1/{_MASKED}", allow_failure=True),
        _flow("last", "ERROR_MESSAGE", message=f"No: {_MASKED}"),
    ]
    return {"name": "Failures", "actions": actions}, {"masked": canaries.masked_field}


def _fails(canaries: Canaries, connections: dict[str, str]) -> Planted:
    refused = {"connection_id": connections["refused"], "user_id": _MASKED}
    actions = [_auth0("broken", "GET_USER", **refused)]
    return {"name": "Fails", "actions": actions}, {"masked": canaries.masked_field}
