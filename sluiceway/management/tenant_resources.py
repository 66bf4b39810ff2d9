"""The tenant's other objects, one table entry each, as far as real clients touch them.

Their bodies are open: what a client sets is kept and given back, which is what deploy tools need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.errors import InvalidRequest
from sluiceway.management import clients, connections
from sluiceway.management.fields import (
    FLAG,
    OPEN,
    TEXTS,
    choice,
    closed,
    nullable,
    open_object,
    text,
)
from sluiceway.management.resources import Resource
from sluiceway.models.ids import new_short_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.management.environment import Environment
    from sluiceway.models.ids import ShortPrefix
    from sluiceway.models.json import JsonArray, JsonObject

__all__ = [
    "CLIENTS",
    "CLIENT_GRANTS",
    "CONNECTIONS",
    "ORGANIZATIONS",
    "RESOURCE_SERVERS",
    "ROLES",
]


def _prefixed(prefix: ShortPrefix) -> Callable[[Environment, JsonObject], str]:
    return lambda environment, _: new_short_id(prefix, random_bits=environment.random_bits)


def _hexadecimal(environment: Environment, _: JsonObject) -> str:
    return f"{environment.random_bits(96):024x}"


_CLIENT: Final[JsonObject] = {
    "name": text(
        pattern=r"^[^<>]+$",
        about="Name of this client (min length: 1 character, does not allow < or >).",
    ),
    "description": text(140, shortest=0),
    "app_type": text(),
    "grant_types": TEXTS,
    "callbacks": TEXTS,
    "allowed_origins": TEXTS,
    "web_origins": TEXTS,
    "allowed_logout_urls": TEXTS,
    "client_metadata": OPEN,
    "jwt_configuration": OPEN,
    "is_first_party": FLAG,
    "oidc_conformant": FLAG,
    "token_endpoint_auth_method": nullable(
        choice("none", "client_secret_post", "client_secret_basic")
    ),
}

_LASTING: Final[JsonObject] = {
    "rotation_type": "non-rotating",
    "expiration_type": "non-expiring",
    "leeway": 0,
    "token_lifetime": 2_592_000,
    "infinite_token_lifetime": True,
    "infinite_idle_token_lifetime": True,
    "idle_token_lifetime": 1_296_000,
}
_GRANT_TYPES: Final = ("authorization_code", "implicit", "refresh_token")


async def _complete_client(_: Environment, body: JsonObject) -> JsonObject:
    """Give a client the grant types that it does not name: one with a secret has a fourth."""
    is_public = body.get("token_endpoint_auth_method") == "none"
    allowed: JsonArray = [*_GRANT_TYPES, *(() if is_public else ("client_credentials",))]
    return {"grant_types": allowed, **body}


CLIENTS: Final = Resource(
    kind=clients.KIND,
    id_field="client_id",
    new_id=lambda environment, _: clients.new_client_id(environment.random_bits),
    create=open_object(_CLIENT, "name"),
    update=open_object(_CLIENT, least=1),
    missing=("The client does not exist", "inexistent_client"),
    defaults={
        "is_first_party": True,
        "is_token_endpoint_ip_header_trusted": False,
        "oidc_conformant": False,
        "jwt_configuration": {"secret_encoded": False, "lifetime_in_seconds": 36_000},
        "sso_disabled": False,
        "cross_origin_authentication": False,
        "custom_login_page_on": True,
        "refresh_token": _LASTING,
        "global": False,
        "tenant": "local",
    },
    check=_complete_client,
    merged=("client_metadata", "jwt_configuration"),
    dependants=(clients.GRANT_KIND, "client_credential"),
)


async def _check_grant(environment: Environment, body: JsonObject) -> JsonObject:
    client_id, audience = body.get("client_id"), str(body["audience"])
    if client_id and await environment.documents.get(clients.KIND, str(client_id)) is None:
        raise InvalidRequest(f"Unknown client: {client_id}", error_code="invalid_body")
    if audience != environment.audience and not await environment.documents.find(
        "resource_server", "identifier", audience, limit=1
    ):
        raise InvalidRequest(f"Resource server not found: {audience}", error_code="invalid_body")
    return body


_SCOPE: Final[JsonObject] = {"type": "array", "items": text(280)}

CLIENT_GRANTS: Final = Resource(
    kind=clients.GRANT_KIND,
    new_id=_prefixed("cgr_"),
    create=open_object(
        {"client_id": {"type": "string"}, "audience": text(), "scope": _SCOPE}, "audience"
    ),
    update=open_object({"scope": nullable(_SCOPE)}, least=1),
    missing=("The client grant does not exist.", "inexistent_client_grant"),
    taken=("A resource with the same identifier already exists.", "grant_conflict"),
    defaults={"scope": [], "subject_type": "client"},
    more_keys=clients.grant_keys,
    check=_check_grant,
)

RESOURCE_SERVERS: Final = Resource(
    kind="resource_server",
    new_id=_hexadecimal,
    create=open_object(
        {"identifier": text(600), "name": text(200), "scopes": {"type": "array", "items": OPEN}},
        "identifier",
    ),
    update=open_object({"name": text(200), "scopes": {"type": "array", "items": OPEN}}),
    missing=("The resource server does not exist", "inexistent_resource_server"),
    other_name="identifier",
    taken=("A resource server with the same identifier already exists.", "resource_conflict"),
    unique=("identifier",),
    defaults={
        "signing_alg": "RS256",
        "allow_offline_access": False,
        "token_lifetime": 86_400,
        "token_lifetime_for_web": 7_200,
        "skip_consent_for_verifiable_first_party_clients": False,
    },
)


_DATABASE_OPTIONS: Final[JsonObject] = {
    "mfa": {"active": True, "return_enroll_settings": True},
    "passwordPolicy": "good",
    "strategy_version": 2,
    "authentication_methods": {"password": {"enabled": True}, "passkey": {"enabled": False}},
    "passkey_options": {
        "challenge_ui": "both",
        "progressive_enrollment_enabled": True,
        "local_enrollment_enabled": True,
    },
    "brute_force_protection": True,
}


async def _complete_connection(_: Environment, body: JsonObject) -> JsonObject:
    """Give a connection its realm, and a database the options that Auth0 gives a new one."""
    given = body.get("options")
    if body["strategy"] in connections.DATABASE_STRATEGIES and isinstance(given, dict):
        body = {**body, "options": {**_DATABASE_OPTIONS, **given}}
    return {**body, "realms": body.get("realms") or [body["name"]]}


_CONNECTION: Final[JsonObject] = {
    "display_name": text(128, shortest=0),
    "options": OPEN,
    "enabled_clients": TEXTS,
    "realms": TEXTS,
    "metadata": OPEN,
    "is_domain_connection": FLAG,
    "show_as_button": FLAG,
}

CONNECTIONS: Final = Resource(
    kind=connections.KIND,
    new_id=_prefixed("con_"),
    create=open_object(
        {
            **_CONNECTION,
            "name": text(128, pattern=r"^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$"),
            "strategy": text(),
        },
        "name",
        "strategy",
    ),
    update=open_object(
        {
            **_CONNECTION,
            "options": nullable(OPEN),
            "enabled_clients": nullable(TEXTS),
        },
        least=1,
    ),
    missing=("The connection does not exist", "inexistent_connection"),
    taken=("A connection with the same name already exists", "connection_conflict"),
    unique=("name",),
    defaults={"options": {}, "enabled_clients": [], "is_domain_connection": False},
    check=_complete_connection,
)

_ORGANIZATION: Final[JsonObject] = {
    "name": text(50, pattern=r"^[a-z0-9_-]+$"),
    "display_name": text(255),
    "branding": OPEN,
    "metadata": OPEN,
    "enabled_connections": {"type": "array", "items": OPEN},
    "token_quota": nullable(OPEN),
}

ORGANIZATIONS: Final = Resource(
    kind="organization",
    new_id=_prefixed("org_"),
    create=closed(_ORGANIZATION, "name"),
    update=closed(_ORGANIZATION),
    missing=("No organization found by that id or name", ""),
    taken=("An organization with this name already exists.", "organization_conflict"),
    unique=("name",),
    merged=("metadata",),
    dependants=(
        "organization_member",
        "organization_connection",
        "organization_client_grant",
    ),
)

_ROLE: Final[JsonObject] = {"name": text(50), "description": text(255, shortest=0)}

ROLES: Final = Resource(
    kind="role",
    new_id=_prefixed("rol_"),
    create=closed(_ROLE, "name"),
    update=closed(_ROLE),
    missing=("Role not found", "inexistent_role"),
    taken=("A role with this name already exists.", "role_conflict"),
    unique=("name",),
    defaults={"description": None},
    dependants=("role_user", "role_permission"),
)
