"""``/oauth/token`` and what lets others check our tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.route import Call, Reply, Route
from sluiceway.management.tokens import OAuthRefusal
from sluiceway.management.validation import Schema

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["ROUTES"]

_FIELDS: Final = (
    "grant_type",
    "client_id",
    "client_secret",
    "audience",
    "scope",
    "client_assertion",
    "client_assertion_type",
    "organization",
    "resource",
)


async def _token(call: Call) -> Reply:
    body = call.body
    if not isinstance(body, dict):
        raise OAuthRefusal(400, "invalid_request", "Expected a form or a JSON object")
    fields: dict[str, str] = {}
    for name in _FIELDS:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise OAuthRefusal(400, "invalid_request", f"Expected a text as {name}")
        fields[name] = value
    answer = await call.services.tenant.tokens.grant(
        fields,
        authorization=call.headers.get("authorization", ""),
        host=call.headers.get("host", ""),
        address=call.client_address,
    )
    return Reply(body=answer, headers={"cache-control": "no-store", "pragma": "no-cache"})


async def _jwks(call: Call) -> Reply:
    return Reply(
        body=await call.services.tenant.keys.jwks(), headers={"cache-control": "public, max-age=60"}
    )


async def _configuration(call: Call) -> JsonObject:
    issuer = call.services.tenant.environment.issuer
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}oauth/token",
        "jwks_uri": f"{issuer}.well-known/jwks.json",
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        "grant_types_supported": ["client_credentials"],
    }


ROUTES: Final = (
    Route(
        method="POST",
        path="/oauth/token",
        handle=_token,
        summary="Get an access token for a client",
        is_open=True,
        body=Schema(
            {"type": "object", "properties": {name: {"type": "string"} for name in _FIELDS}}
        ),
        is_checked=False,
        tag="oauth",
    ),
    Route(
        method="GET",
        path="/.well-known/jwks.json",
        handle=_jwks,
        summary="The keys that check our tokens",
        is_open=True,
        tag="oauth",
    ),
    Route(
        method="GET",
        path="/.well-known/openid-configuration",
        handle=_configuration,
        summary="Where everything is",
        is_open=True,
        tag="oauth",
    ),
)
