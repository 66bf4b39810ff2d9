"""``/api/v2/clients``, their keys, and ``/api/v2/client-grants``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.api.management._crud import crud_routes
from sluiceway.api.paging import paged, pick_fields, slice_of
from sluiceway.api.route import Call, Param, Route
from sluiceway.errors import InvalidRequest, NotFound
from sluiceway.management import clients
from sluiceway.management.fields import choice, closed, nullable, text
from sluiceway.management.kept_settings import KeptSetting, change_kept, get_kept
from sluiceway.management.lucene import parse_query
from sluiceway.management.records import change
from sluiceway.management.resources import create_item, list_items, load_item, update_item
from sluiceway.management.tenant_resources import CLIENT_GRANTS, CLIENTS
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.base import Document, Key

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_MOST_CLIENTS: Final = 10_000
_CREDENTIAL_KIND: Final = "client_credential"
_CREDENTIAL: Final = closed(
    {
        "credential_type": choice("public_key"),
        "name": text(128),
        "pem": text(4096),
        "alg": choice("RS256", "RS384", "PS256"),
        "parse_expiry_from_cert": {"type": "boolean"},
        "expires_at": nullable(text()),
    },
    "credential_type",
    "pem",
)


async def _list(call: Call) -> JsonValue:
    """Answer with the clients that the filters let through; a tenant has few of them."""
    query = call.query
    environment = call.services.tenant.environment
    page = await list_items(environment, CLIENTS, limit=_MOST_CLIENTS)
    # Signs nobody in, so that it shows to those alone who ask for it: deploy-cli's `pages`.
    others = [await get_kept(environment, _GLOBAL)] if query["is_global"] else []
    test = parse_query(query["q"]) if query["q"] else None
    kinds = query["app_type"].split(",") if query["app_type"] else ()
    found = [
        client
        for client in (*page.items, *others)
        if _is(client, "is_first_party", query["is_first_party"])
        and _is(client, "global", query["is_global"])
        and _is(client, "external_client_id", query["external_client_id"])
        and (not kinds or client.get("app_type") in kinds)
        and (test is None or test(client))
    ]
    offset, limit = slice_of(query)
    shown = [pick_fields(_seen(call, client), query) for client in found[offset : offset + limit]]
    return paged("clients", shown, query, total=len(found))


def _is(client: JsonObject, name: str, wanted: JsonValue) -> bool:
    return wanted is None or client.get(name) == wanted


async def _get(call: Call) -> JsonObject:
    environment, id_ = call.services.tenant.environment, call.path["id"]
    if id_ == _GLOBAL_ID:
        client = await get_kept(environment, _GLOBAL)
    else:
        client = (await load_item(environment, CLIENTS, id_)).body
    return pick_fields(_seen(call, client), call.query)


async def _update(call: Call) -> JsonObject:
    environment, id_ = call.services.tenant.environment, call.path["id"]
    if id_ != _GLOBAL_ID:
        return await update_item(environment, CLIENTS, id_, call.body)
    CLIENTS.update.check(call.body)
    return await change_kept(environment, _GLOBAL, call.body if isinstance(call.body, dict) else {})


def _seen(call: Call, client: JsonObject) -> JsonObject:
    """Return what the caller may see of *client*: with ``read:client_summary`` alone, little."""
    if call.claims is None or not call.claims.scopes.isdisjoint(_READ_WHOLE):
        return client
    return {name: client[name] for name in _SUMMARY if name in client}


async def _create(call: Call) -> JsonObject:
    """Make a client; its secret is shown in this answer and never again: only a hash is kept."""
    environment = call.services.tenant.environment
    body: JsonValue = dict(call.body) if isinstance(call.body, dict) else call.body
    given = body.pop("client_secret", None) if isinstance(body, dict) else None
    client = await create_item(environment, CLIENTS, body)
    if client.get("token_endpoint_auth_method") == "none":
        return client
    secret = given if isinstance(given, str) and given else None
    return {**client, "client_secret": await _set_secret(call, str(client["client_id"]), secret)}


async def _rotate(call: Call) -> JsonObject:
    client = await load_item(call.services.tenant.environment, CLIENTS, call.path["id"])
    return {**client.body, "client_secret": await _set_secret(call, client.id, None)}


async def _set_secret(call: Call, client_id: str, given: str | None) -> str:
    environment = call.services.tenant.environment
    secret = given or clients.new_client_secret(environment.random_bits)
    sealed = await clients.seal_secret(environment, client_id, secret, is_drawn=not given)
    await change(
        environment.documents, clients.KIND, client_id, lambda d: replace(d, secret=sealed)
    )
    return secret


async def _list_credentials(call: Call) -> JsonValue:
    environment = call.services.tenant.environment
    await load_item(environment, CLIENTS, call.path["id"])
    found = await environment.documents.find(_CREDENTIAL_KIND, "client", call.path["id"])
    return [_shown(document) for document in found]


async def _create_credential(call: Call) -> JsonObject:
    environment = call.services.tenant.environment
    client = await load_item(environment, CLIENTS, call.path["id"])
    body: JsonObject = dict(call.body) if isinstance(call.body, dict) else {}
    pem = str(body["pem"])
    _check_pem(pem)
    now = environment.now()
    id_ = f"cred_{clients.new_client_id(environment.random_bits)[:22]}"
    document = Document(
        kind=_CREDENTIAL_KIND,
        id=id_,
        body={
            "id": id_,
            "name": body.get("name", ""),
            "credential_type": "public_key",
            "alg": body.get("alg", "RS256"),
            "kid": id_,
            "pem": pem,
        },
        created_at=now,
        updated_at=now,
        keys=(Key(name="client", value=client.id),),
    )
    await environment.documents.insert(document)
    return _shown(document)


def _check_pem(pem: str) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import (  # noqa: PLC0415 - heavy, rare
        RSAPublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - heavy, rare
        load_pem_public_key,
    )

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError) as error:
        raise InvalidRequest(
            "Payload validation error: 'Expected a public key in PEM' on property pem.",
            error_code="invalid_body",
        ) from error
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:  # noqa: PLR2004 - bits, RFC 7518
        raise InvalidRequest(
            "Payload validation error: 'Expected an RSA key of 2048 bits or more' on property pem.",
            error_code="invalid_body",
        )


async def _delete_credential(call: Call) -> None:
    environment = call.services.tenant.environment
    found = await environment.documents.get(_CREDENTIAL_KIND, call.path["credential_id"])
    if found is None or found.keys[0].value != call.path["id"]:
        raise NotFound("The credential does not exist.", error_code="inexistent_credential")
    await environment.documents.delete(_CREDENTIAL_KIND, found.id)


def _shown(document: Document) -> JsonObject:
    shown = {key: value for key, value in document.body.items() if key != "pem"}
    return {
        **shown,
        "created_at": format_timestamp(document.created_at),
        "updated_at": format_timestamp(document.updated_at),
    }


_GLOBAL_ID: Final = "AllApplicationsOfEmbeddedTenant0"
_GLOBAL: Final = KeptSetting(
    id="global_client",
    defaults={
        "tenant": "local",
        "global": True,
        "callbacks": [],
        "is_first_party": True,
        "name": "All Applications",
        "cross_origin_authentication": True,
        "client_id": _GLOBAL_ID,
        "custom_login_page_on": True,
    },
)
"""The client whose settings hold for all: every tenant of Auth0 has it (recorded: deploy-cli)."""

_CREDENTIALS: Final = "/api/v2/clients/{id}/credentials"

_READ_WHOLE: Final = ("read:clients", "read:client_keys", "read:client_credentials")
_SUMMARY: Final = ("client_id", "name", "description", "app_type")
"""What any scope shows of a client (Auth0's page on listing clients)."""
_HANDLERS: Final = {
    ("GET", "/api/v2/clients"): _list,
    ("GET", "/api/v2/clients/{id}"): _get,
    ("POST", "/api/v2/clients"): _create,
    ("PATCH", "/api/v2/clients/{id}"): _update,
}


def _as_clients(route: Route) -> Route:
    """Return *route* with what clients have of their own: pages of nothing, a summary."""
    query = tuple(
        replace(param, minimum=0) if param.name == "per_page" else param for param in route.query
    )
    handle = _HANDLERS.get((route.method, route.path), route.handle)
    more = ("read:client_summary",) if route.method == "GET" else ()
    return replace(route, handle=handle, query=query, scopes=(*route.scopes, *more))


_CLIENT_FILTERS: Final = (
    Param(name="is_first_party", type="boolean"),
    Param(name="is_global", type="boolean"),
    Param(name="app_type", pattern=r"^[a-z0-9_]+(,[a-z0-9_]+)*$"),
    Param(name="external_client_id", shortest=1, longest=120),
    Param(name="q"),
)

ROUTES: Final = (
    *map(
        _as_clients,
        crud_routes(
            CLIENTS,
            path="clients",
            scope="clients",
            key="clients",
            name="client",
            filters=_CLIENT_FILTERS,
            more_scopes=("client_keys", "client_credentials"),
        ),
    ),
    Route(
        method="POST",
        path="/api/v2/clients/{id}/rotate-secret",
        handle=_rotate,
        summary="Give a client a new secret",
        scopes=("update:client_keys",),
        tag="clients",
    ),
    Route(
        method="GET",
        path=_CREDENTIALS,
        handle=_list_credentials,
        summary="List the public keys of a client",
        scopes=("read:client_credentials",),
        tag="clients",
    ),
    Route(
        method="POST",
        path=_CREDENTIALS,
        handle=_create_credential,
        summary="Add a public key to a client",
        scopes=("create:client_credentials",),
        body=_CREDENTIAL,
        status=201,
        tag="clients",
    ),
    Route(
        method="DELETE",
        path=f"{_CREDENTIALS}/{{credential_id}}",
        handle=_delete_credential,
        summary="Remove a public key of a client",
        scopes=("delete:client_credentials",),
        status=204,
        tag="clients",
    ),
    *crud_routes(
        CLIENT_GRANTS,
        path="client-grants",
        scope="client_grants",
        key="client_grants",
        name="client grant",
        filters=(
            Param(name="audience"),
            Param(name="client_id"),
            Param(name="subject_type", choices=("client", "user")),
            Param(name="allow_any_organization", type="boolean"),
            Param(name="default_for"),
        ),
    ),
)
