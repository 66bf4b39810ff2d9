"""The five routes that every simple resource has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.api.paging import CHECKPOINT, FIELDS, PAGES, paged, pick_fields, slice_of
from sluiceway.api.route import Call, Param, Route
from sluiceway.management.resources import (
    Resource,
    create_item,
    delete_item,
    get_item,
    list_items,
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
    """

    async def listed(call: Call) -> JsonValue:
        matching = {param.name: call.query[param.name] for param in filters}
        offset, limit = slice_of(call.query)
        page = await list_items(
            call.services.tenant.environment,
            resource,
            offset=offset,
            limit=limit,
            matching=matching,
        )
        shown = [pick_fields(item, call.query) for item in page.items]
        if unlisted:
            shown = [{k: v for k, v in item.items() if k not in unlisted} for item in shown]
        return paged(key, shown, call.query, total=page.total)

    async def created(call: Call) -> JsonValue:
        return await create_item(call.services.tenant.environment, resource, call.body)

    async def got(call: Call) -> JsonValue:
        item = await get_item(call.services.tenant.environment, resource, call.path["id"])
        return pick_fields(item, call.query)

    async def updated(call: Call) -> JsonValue:
        return await update_item(
            call.services.tenant.environment, resource, call.path["id"], call.body
        )

    async def deleted(call: Call) -> None:
        await delete_item(call.services.tenant.environment, resource, call.path["id"])

    base, one = f"/api/v2/{path}", f"/api/v2/{path}/{{id}}"
    paging = (*PAGES, *CHECKPOINT, *FIELDS, *filters)
    listing = Route(
        method="GET",
        path=base,
        handle=listed,
        summary=f"List {name}s",
        scopes=(f"read:{scope}",),
        query=paging,
        tag=path,
    )
    routes = (
        Route(
            method="POST",
            path=base,
            handle=created,
            summary=f"Create a {name}",
            scopes=(f"create:{scope}",),
            body=resource.create,
            is_checked=False,
            status=201,
            tag=path,
        ),
        Route(
            method="GET",
            path=one,
            handle=got,
            summary=f"Get a {name}",
            scopes=(f"read:{scope}",),
            query=FIELDS,
            tag=path,
        ),
        Route(
            method="PATCH",
            path=one,
            handle=updated,
            summary=f"Change a {name}",
            scopes=(f"update:{scope}",),
            body=resource.update,
            is_checked=False,
            tag=path,
        ),
        Route(
            method="DELETE",
            path=one,
            handle=deleted,
            summary=f"Delete a {name}",
            scopes=(f"delete:{scope}",),
            status=204,
            tag=path,
        ),
    )
    return (listing, *routes) if has_list else routes
