"""The secrets that ``doctor --leaks`` plants, and the flows that carry them everywhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

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


@dataclass(frozen=True, slots=True)
class Canaries:
    """One secret of each kind; no two are alike."""

    bearer_token: str = field(default_factory=lambda: _plain("bt"), repr=False)
    basic_password: str = field(default_factory=lambda: _new("bp"), repr=False)
    api_key: str = field(default_factory=lambda: _plain("ak"), repr=False)
    client_secret: str = field(default_factory=lambda: _plain("cs"), repr=False)
    wrong_client_secret: str = field(default_factory=lambda: _new("ws"), repr=False)
    signing_secret: str = field(default_factory=lambda: _new("ss"), repr=False)
    user_password: str = field(default_factory=lambda: _new("Up"), repr=False)
    header: str = field(default_factory=lambda: _plain("ah"), repr=False)
    masked_field: str = field(default_factory=lambda: _new("mf"), repr=False)
    masked_output: str = field(default_factory=lambda: _new("mo"), repr=False)
    provider_key: str = field(default_factory=lambda: _plain("pk"), repr=False)
    not_hidden: str = field(default_factory=lambda: _plain("nh"))

    def as_mapping(self) -> dict[str, str]:
        """Return the secrets by what they are called; not the one that nobody hides."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "not_hidden"}


def _call(id_: str, **params: Any) -> dict[str, Any]:
    body = {"id": id_, "type": "HTTP", "action": "SEND_REQUEST", **_flags(params)}
    url = params.pop("url", f"https://{ECHO_HOST}/{id_}")
    return {**body, "params": {"url": url, "method": "POST", "content_type": "JSON", **params}}


def _flags(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params.pop(name) for name in ("mask_output", "allow_failure") if name in params}


def _auth0(id_: str, action: str, **params: Any) -> dict[str, Any]:
    return {"id": id_, "type": "AUTH0", "action": action, **_flags(params), "params": params}


def flows_with(
    canaries: Canaries, connections: dict[str, str]
) -> list[tuple[dict[str, Any], JsonObject]]:
    """Return the flows, each with its fields; *connections* gives the ids by their names."""
    masked = "{{ functions.mask(fields.masked) }}"
    credentials: list[dict[str, Any]] = [
        _call(f"call_{name}", connection_id=connections[name], payload={"n": 1})
        for name in ("bearer", "basic", "key_header", "key_query")
    ]
    return [
        ({"name": "Credentials", "actions": credentials}, {}),
        (
            {
                "name": "Masks",
                "actions": [
                    {
                        "id": "vars",
                        "type": "FLOW",
                        "action": "STORE_VARS",
                        "params": {"vars": {"kept": "{{ fields.masked }}", "m": masked}},
                    },
                    _call("echo_masked", payload={"a": masked, "b": "{{ vars.kept }}"}),
                    _call("hidden", url=f"https://{ECHO_HOST}/{GIVES}", mask_output=True),
                    _call("after", payload={"seen": "{{ actions.hidden.body }}"}),
                    _call("header", headers={"Authorization": "Bearer {{ fields.header }}"}),
                    _call("open", payload={"open": "{{ fields.not_hidden }}"}),
                    {
                        "id": "returned",
                        "type": "FLOW",
                        "action": "RETURN_JSON",
                        "params": {"payload": {"all": "{{ actions.after.body }}"}},
                    },
                ],
            },
            {
                "masked": canaries.masked_field,
                "header": canaries.header,
                "not_hidden": canaries.not_hidden,
            },
        ),
        (
            {
                "name": "Users",
                "actions": [
                    _auth0(
                        "make",
                        "CREATE_USER",
                        connection_id=connections["tenant"],
                        payload={
                            "connection": "Username-Password-Authentication",
                            "email": "canary@leaks.example",
                            "password": "{{ fields.password }}",
                        },
                    ),
                    _auth0(
                        "look",
                        "GET_USER",
                        connection_id=connections["tenant"],
                        user_id="{{ actions.make.body.user_id }}",
                    ),
                    _auth0(
                        "wrong",
                        "SEND_REQUEST",
                        connection_id=connections["tenant"],
                        pathname="/api/v2/users",
                        method="POST",
                        payload={"password": "{{ fields.password }}"},
                    ),
                    _call("echo_password", payload={"again": "{{ fields.password }}"}),
                ],
            },
            {"password": canaries.user_password},
        ),
        (
            {
                "name": "Codes",
                "actions": [
                    {
                        "id": "code",
                        "type": "OTP",
                        "action": "GENERATE_CODE",
                        "params": {"reference": "leaks", "length": 10},
                    },
                    _auth0(
                        "mail",
                        "SEND_EMAIL",
                        to="canary@leaks.example",
                        subject="Code {{ custom_vars.code }}",
                        body="<p>{{ custom_vars.code }} {{ custom_vars.masked }}</p>",
                        custom_vars={"code": "{{ actions.code.code }}", "masked": masked},
                    ),
                    _call("echo_code", payload={"code": "{{ actions.code.code }}"}),
                    {
                        "id": "signed",
                        "type": "JWT",
                        "action": "SIGN_JWT",
                        "params": {"connection_id": connections["jwt"], "subject": "x"},
                    },
                ],
            },
            {"masked": canaries.masked_field},
        ),
        (
            {
                "name": "Failures",
                "actions": [
                    _auth0(
                        "refused",
                        "GET_USER",
                        connection_id=connections["refused"],
                        user_id="{{ fields.masked }}",
                        allow_failure=True,
                    ),
                    _call("forbidden", url=f"http://127.0.0.1/{masked}", allow_failure=True),
                    {
                        "id": "last",
                        "type": "FLOW",
                        "action": "ERROR_MESSAGE",
                        "params": {"message": f"No: {masked}"},
                    },
                ],
            },
            {"masked": canaries.masked_field},
        ),
        (
            {
                "name": "Fails",
                "actions": [
                    _auth0(
                        "broken",
                        "GET_USER",
                        connection_id=connections["refused"],
                        user_id=masked,
                    )
                ],
            },
            {"masked": canaries.masked_field},
        ),
    ]
