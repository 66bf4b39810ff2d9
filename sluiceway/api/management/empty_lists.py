"""Lists of what an Auth0 tenant may have and the embedded one never does.

deploy-cli reads them all before it writes an export, and stops where one is missing. Nothing can
be added to them: other methods answer 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.api.paging import CHECKPOINT, FIELDS, PAGES, paged
from sluiceway.api.route import Call, Param, Route

if TYPE_CHECKING:
    from sluiceway.api.route import Handler
    from sluiceway.models.json import JsonValue

__all__ = ["ROUTES"]

_ANY: Final = Param(name="hydrate", many=True)


def _by_page(key: str) -> Handler:
    """Answer as lists do that page by number: bare, or in an envelope with totals."""

    async def answer(call: Call) -> JsonValue:
        return paged(key, [], call.query, total=0)

    return answer


def _wrapped(key: str) -> Handler:
    """Answer as lists do that are always in an envelope."""

    async def answer(_: Call) -> JsonValue:
        return {key: []}

    return answer


async def _bare(_: Call) -> JsonValue:
    return []


async def _actions(call: Call) -> JsonValue:
    return {"actions": [], "per_page": call.query["per_page"]}  # recorded: deploy-cli


def _list(path: str, handle: Handler, *query: Param, scope: str = "", what: str = "") -> Route:
    name = path.rpartition("/")[2].replace("-", " ")
    return Route(
        method="GET",
        path=f"/api/v2/{path}",
        handle=handle,
        summary=f"List {what or name}, of which there are none",
        scopes=(f"read:{scope or path.replace('-', '_')}",),
        query=query,
        tag=path.partition("/")[0],
    )


_TAKE: Final = (CHECKPOINT[0], replace(CHECKPOINT[1], default=50))
_ACTION_PAGES: Final = PAGES[:2]

ROUTES: Final = (
    _list(
        "actions/actions",
        _actions,
        *_ACTION_PAGES,
        Param(name="triggerId"),
        Param(name="actionName"),
        Param(name="deployed", type="boolean"),
        Param(name="installed", type="boolean"),
        scope="actions",
        what="Actions",
    ),
    _list("actions/modules", _wrapped("modules"), *_ACTION_PAGES, scope="actions"),
    _list("actions/triggers", _wrapped("triggers"), scope="actions"),
    _list("rules", _by_page("rules"), *PAGES, *FIELDS, Param(name="enabled", type="boolean")),
    _list("rules-configs", _bare),
    _list("hooks", _by_page("hooks"), *PAGES, Param(name="enabled", type="boolean")),
    _list("forms", _by_page("forms"), *PAGES, _ANY),
    _list("log-streams", _bare),
    _list("custom-domains", _bare, *PAGES, *CHECKPOINT, *FIELDS, Param(name="q")),
    _list("self-service-profiles", _by_page("self_service_profiles"), *PAGES),
    _list("network-acls", _by_page("network_acls"), *PAGES),
    _list("prompts/rendering", _by_page("configs"), *PAGES, *FIELDS, scope="prompts"),
    _list(
        "connections-directory-provisionings",
        _wrapped("directory_provisionings"),
        *_TAKE,
        scope="directory_provisionings",
    ),
    _list("connection-profiles", _wrapped("connection_profiles"), *_TAKE),
    _list("event-streams", _wrapped("eventStreams"), *_TAKE),
    _list("rate-limit-policies", _wrapped("rate_limit_policies"), *_TAKE),
    _list("token-exchange-profiles", _wrapped("token_exchange_profiles"), *_TAKE),
    _list("user-attribute-profiles", _wrapped("user_attribute_profiles"), *_TAKE),
)
