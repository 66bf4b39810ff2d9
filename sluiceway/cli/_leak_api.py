"""What the API tells to somebody who may read everything: every answer to every GET."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from sluiceway.api.routes import load_routes
from sluiceway.outbound.asgi import AsgiTransport
from sluiceway.outbound.base import OutboundRequest
from sluiceway.storage.durable import OutboxFilter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sluiceway.api.route import AsgiApp
    from sluiceway.bootstrap import Application

__all__ = ["answers_of"]

# The content of a message is shown to those who were given a scope for just that; a stream of
# events has no end, and the events were collected while they happened.
_LEFT_OUT: Final = ("/content", "/events", "/page")
_LISTS: Final = {
    "/api/v2/users/{id}": "user_id",
    "/api/v2/clients/{id}": "client_id",
}


async def answers_of(application: Application, app: AsgiApp) -> AsyncIterator[tuple[str, bytes]]:
    """Yield the path of each GET that is answered, and the answer, headers included."""
    transport = AsgiTransport(app)
    domain = application.settings.domain
    client = application.client
    grant = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret,
        "audience": f"https://{domain}/api/v2/",
    }
    headers = {"content-type": "application/json"}

    async def get(path: str) -> bytes | None:
        request = OutboundRequest(method="GET", url=f"https://{domain}{path}", headers=headers)
        answer = await transport.send(request)
        if not answer.is_success:
            return None
        return json.dumps(dict(answer.headers)).encode() + b"\n" + answer.body

    signed_in = await transport.send(
        OutboundRequest(
            method="POST",
            url=f"https://{domain}/oauth/token",
            headers=headers,
            body=json.dumps(grant).encode(),
        )
    )
    document: Any = json.loads(signed_in.body)
    headers["authorization"] = f"Bearer {document['access_token']}"
    for path in await _paths(application, get):
        data = await get(path)
        if data is not None:
            yield path, data


async def _paths(application: Application, get: Any) -> list[str]:
    """Return every path that can be asked for, with the ids of what there is."""
    page = await application.executions.list(take=100)
    ids: dict[str, list[str]] = {
        "/sluiceway/v1/executions/{id}": [str(record["id"]) for record in page.executions],
        "/sluiceway/v1/outbox/{id}": [
            row.id for row in await application.store.outbox.list(OutboxFilter())
        ],
    }
    paths: list[str] = []
    for route in load_routes():
        if route.method != "GET" or route.path.endswith(_LEFT_OUT):
            continue
        if "{" not in route.path:
            paths.append(route.path)
            continue
        base = route.path.partition("/{")[0]
        before, _, after = route.path.partition("}")
        if "{" in after:
            continue
        known = ids.get(f"{before}}}")
        if known is None:
            data = await get(base)
            known = _ids_in(data, _LISTS.get(f"{before}}}", "id")) if data else []
            ids[f"{before}}}"] = known
        paths += [f"{base}/{quote(id_, safe='')}{after}" for id_ in known]
    return [*paths, *(f"{path}?hydrate=debug" for path in paths if "/executions/" in path)]


def _ids_in(data: bytes, name: str) -> list[str]:
    try:
        body: Any = json.loads(data.split(b"\n", 1)[1])
    except ValueError:
        return []
    members: list[object] = (
        [*cast("dict[str, object]", body).values()] if isinstance(body, dict) else []
    )
    for items in (cast("object", body), *members):
        if isinstance(items, list):
            found = cast("list[dict[str, Any]]", items)
            return [str(item[name]) for item in found if name in item]
    return []
