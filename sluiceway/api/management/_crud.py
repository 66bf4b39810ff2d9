"""The five routes that every simple resource has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.api.paging import CHECKPOINT, FIELDS, PAGES, paged, pick_fields, slice_of
from sluiceway.api.route import Call, Param, Route
from sluiceway.management.resources import (
    Resource,
    create_item,
    delete_item,
    get_item,
    list_items,
    load_item,
    update_item,
)

if TYPE_CHECKING:
    from sluiceway.models.json import JsonValue

__all__ = ["crud_routes"]


def crud_routes(
    resource: Resource,
    *,
    path: str,
    scope: str,
    key: str,
    name: str,
    filters: tuple[Param, ...] = (),
    has_list: bool = True,
    unlisted: tuple[str, ...] = (),
    more_scopes: tuple[str, ...] = (),
    reports_missing: bool = False,
) -> tuple[Route, ...]:
    """Return list, create, get, update and delete of *resource* under ``/api/v2/{path}``.

    Args:
        resource: what the routes are about.
        path: below ``/api/v2/``.
        scope: what follows ``read:``.
        key: the member of list envelopes that holds the items.
        name: what summaries call one.
        filters: query parameters of the list that are members of the items.
        has_list: whether there is a list.
        unlisted: members that the list leaves out.
        more_scopes: what follows ``read:`` or ``update:`` in scopes that open those routes, too.
        reports_missing: whether deleting what is not there answers 404.
    """
    handlers = _Handlers(
        resource=resource,
        key=key,
        filters=filters,
        unlisted=unlisted,
        reports_missing=reports_missing,
    )
    changing = _changing(handlers, path=path, scopes=(scope, *more_scopes), name=name)
    if not has_list:
        return changing
    listing = Route(
        method="GET",
        path=f"/api/v2/{path}",
        handle=handlers.list,
        summary=f"List {name}s",
        scopes=_scopes("read", (scope, *more_scopes)),
        query=(*PAGES, *CHECKPOINT, *FIELDS, *filters),
        tag=path,
    )
    return (listing, *changing)


class _Handlers(msgspec.Struct, frozen=True, kw_only=True):
    """What answers the five routes of one resource; see ``crud_routes`` for the attributes."""

    resource: Resource
    key: str
    filters: tuple[Param, ...]
    unlisted: tuple[str, ...]
    reports_missing: bool

    async def list(self, call: Call) -> JsonValue:
        matching = {param.name: call.query[param.name] for param in self.filters}
        offset, limit = slice_of(call.query)
        page = await list_items(
            call.services.tenant.environment,
            self.resource,
            offset=offset,
            limit=limit,
            matching=matching,
        )
        shown = [
            pick_fields({k: v for k, v in item.items() if k not in self.unlisted}, call.query)
            for item in page.items
        ]
        return paged(self.key, shown, call.query, total=page.total)

    async def create(self, call: Call) -> JsonValue:
        return await create_item(call.services.tenant.environment, self.resource, call.body)

    async def get(self, call: Call) -> JsonValue:
        item = await get_item(call.services.tenant.environment, self.resource, call.path["id"])
        return pick_fields(item, call.query)

    async def update(self, call: Call) -> JsonValue:
        return await update_item(
            call.services.tenant.environment, self.resource, call.path["id"], call.body
        )

    async def delete(self, call: Call) -> None:
        environment, id_ = call.services.tenant.environment, call.path["id"]
        if self.reports_missing:
            await load_item(environment, self.resource, id_)
        await delete_item(environment, self.resource, id_)


def _scopes(verb: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{verb}:{name}" for name in names)


def _changing(
    handlers: _Handlers, *, path: str, scopes: tuple[str, ...], name: str
) -> tuple[Route, ...]:
    resource = handlers.resource
    one = f"/api/v2/{path}/{{id}}"
    return (
        Route(
            method="POST",
            path=f"/api/v2/{path}",
            handle=handlers.create,
            summary=f"Create a {name}",
            scopes=(f"create:{scopes[0]}",),
            body=resource.create,
            is_checked=False,
            status=201,
            tag=path,
        ),
        Route(
            method="GET",
            path=one,
            handle=handlers.get,
            summary=f"Get a {name}",
            scopes=_scopes("read", scopes),
            query=FIELDS,
            tag=path,
        ),
        Route(
            method="PATCH",
            path=one,
            handle=handlers.update,
            summary=f"Change a {name}",
            scopes=_scopes("update", scopes),
            body=resource.update,
            is_checked=False,
            tag=path,
        ),
        Route(
            method="DELETE",
            path=one,
            handle=handlers.delete,
            summary=f"Delete a {name}",
            scopes=(f"delete:{scopes[0]}",),
            status=204,
            tag=path,
        ),
    )
