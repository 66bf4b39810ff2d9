"""``/api/v2/flows`` and the executions below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.paging import CHECKPOINT, FLOW_PAGES, PAGES, is_checkpoint, paged, slice_of
from sluiceway.api.route import Call, Param, Route
from sluiceway.errors import InvalidRequest, NotFound
from sluiceway.management import flows
from sluiceway.management.flow_samples import delete_samples
from sluiceway.storage.durable import ExecutionFilter

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_LIST_HYDRATE: Final = Param(
    name="hydrate", choices=("form_count",), many=True, description="hydration param"
)
_GET_HYDRATE: Final = Param(
    name="hydrate", choices=("form_count", "forms"), many=True, description="hydration param"
)
_DEBUG: Final = Param(name="hydrate", choices=("debug",), many=True, description="Hydration param")
_SYNCHRONOUS: Final = Param(
    name="synchronous", type="boolean", description="flag to filter by sync/async flows"
)


async def _list(call: Call) -> JsonValue:
    offset, limit = slice_of(call.query)
    page = await flows.list_flows(call.services.tenant.environment, offset=offset, limit=limit)
    items = page.flows
    if "form_count" in call.query["hydrate"]:
        items = [{**flow, "form_count": 0} for flow in items]
    return paged("flows", items, call.query, total=page.total)


async def _create(call: Call) -> JsonValue:
    return await flows.create_flow(call.services.tenant.environment, call.body)


async def _get(call: Call) -> JsonValue:
    flow = await flows.get_flow(call.services.tenant.environment, call.path["id"])
    hydrate = call.query["hydrate"]
    extra: JsonObject = {}
    if "form_count" in hydrate:
        extra["form_count"] = 0
    if "forms" in hydrate:
        extra["forms"] = []
    return {**flow, **extra}


async def _update(call: Call) -> JsonValue:
    return await flows.update_flow(call.services.tenant.environment, call.path["id"], call.body)


async def _delete(call: Call) -> None:
    await flows.delete_flow(call.services.tenant.environment, call.path["id"])
    await delete_samples(call.services.tenant.environment, call.path["id"])


async def _list_executions(call: Call) -> JsonValue:
    flow_id = call.path["flow_id"]
    await flows.get_flow(call.services.tenant.environment, flow_id)
    executions = call.services.need_executions()
    matching = ExecutionFilter(flow_id=flow_id)
    query = call.query
    if is_checkpoint(query):
        try:
            page = await executions.list(
                matching, take=query["take"] or 50, from_=query["from"] or None
            )
        except ValueError as error:
            raise InvalidRequest(
                "Query validation error: 'Invalid checkpoint' on property from.",
                error_code="invalid_query_string",
            ) from error
        listed: list[JsonValue] = list(page.executions)
        return {**({"next": page.next_} if page.next_ else {}), "executions": listed}
    offset, limit = slice_of(query)
    page = await executions.list(matching, take=limit, offset=offset)
    total = await executions.count(matching) if query["include_totals"] else 0
    return paged("executions", page.executions, query, total=total)


async def _get_execution(call: Call) -> JsonValue:
    await _require_execution(call)
    return await call.services.need_executions().get(
        call.path["execution_id"], debug="debug" in call.query["hydrate"]
    )


async def _delete_execution(call: Call) -> None:
    try:
        await _require_execution(call)
    except NotFound:  # Auth0 declares no 404 here: what is gone already is deleted
        return
    await call.services.need_executions().delete(call.path["execution_id"])


async def _require_execution(call: Call) -> None:
    try:
        flow_id = await call.services.need_executions().flow_id_of(call.path["execution_id"])
    except NotFound as error:
        raise NotFound("Execution not found") from error
    if flow_id != call.path["flow_id"]:
        raise NotFound("Execution not found")


_FLOWS: Final = "/api/v2/flows"
_FLOW: Final = "/api/v2/flows/{id}"
_EXECUTIONS: Final = "/api/v2/flows/{flow_id}/executions"
_FLOW_ID: Final = (Param(name="id", longest=30, description="Flow identifier"),)
_FLOW_IDS: Final = (Param(name="flow_id", longest=30, description="Flow id"),)
_EXECUTION_IDS: Final = (
    *_FLOW_IDS,
    Param(name="execution_id", longest=30, description="Flow execution id"),
)
_EXECUTION: Final = "/api/v2/flows/{flow_id}/executions/{execution_id}"

ROUTES: Final = (
    Route(
        method="GET",
        path=_FLOWS,
        handle=_list,
        summary="List flows",
        scopes=("read:flows",),
        query=(*FLOW_PAGES, _LIST_HYDRATE, _SYNCHRONOUS),
        tag="flows",
    ),
    Route(
        method="POST",
        path=_FLOWS,
        handle=_create,
        summary="Create a flow",
        scopes=("create:flows",),
        body=flows.CREATE_FLOW,
        is_checked=False,
        status=201,
        tag="flows",
    ),
    Route(
        method="GET",
        path=_FLOW,
        limits=_FLOW_ID,
        handle=_get,
        summary="Get a flow",
        scopes=("read:flows",),
        query=(_GET_HYDRATE,),
        tag="flows",
    ),
    Route(
        method="PATCH",
        path=_FLOW,
        limits=_FLOW_ID,
        handle=_update,
        summary="Change a flow",
        scopes=("update:flows",),
        body=flows.UPDATE_FLOW,
        is_checked=False,
        tag="flows",
    ),
    Route(
        method="DELETE",
        path=_FLOW,
        limits=_FLOW_ID,
        handle=_delete,
        summary="Delete a flow",
        scopes=("delete:flows",),
        status=204,
        tag="flows",
    ),
    Route(
        method="GET",
        path=_EXECUTIONS,
        limits=_FLOW_IDS,
        handle=_list_executions,
        summary="List the executions of a flow",
        scopes=("read:flows_executions",),
        query=(*PAGES, *CHECKPOINT),
        tag="flows_executions",
    ),
    Route(
        method="GET",
        path=_EXECUTION,
        limits=_EXECUTION_IDS,
        handle=_get_execution,
        summary="Get an execution",
        scopes=("read:flows_executions",),
        query=(_DEBUG,),
        tag="flows_executions",
    ),
    Route(
        method="DELETE",
        path=_EXECUTION,
        limits=_EXECUTION_IDS,
        handle=_delete_execution,
        summary="Delete an execution",
        scopes=("delete:flows_executions",),
        status=204,
        tag="flows_executions",
    ),
)
