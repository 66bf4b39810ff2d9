"""``/sluiceway/v1/flows/{id}/samples``: inputs to try a flow with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.route import Call, Route
from sluiceway.errors import InvalidRequest
from sluiceway.management import flow_samples

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_LONGEST_NAME: Final = 80


async def _list(call: Call) -> JsonObject:
    found: list[JsonValue] = list(
        await flow_samples.list_samples(call.services.tenant.environment, call.path["id"])
    )
    return {"samples": found}


async def _keep(call: Call) -> JsonObject:
    name = call.path["name"].strip()
    if not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidRequest(
            f"expected a name of 1 to {_LONGEST_NAME} characters, found {len(name)}",
            error_code="invalid_uri",
        )
    environment = call.services.tenant.environment
    return await flow_samples.keep_sample(environment, call.path["id"], name, call.body)


async def _delete(call: Call) -> None:
    await flow_samples.delete_sample(
        call.services.tenant.environment, call.path["id"], call.path["name"]
    )


_ALL: Final = "/sluiceway/v1/flows/{id}/samples"
_ONE: Final = "/sluiceway/v1/flows/{id}/samples/{name}"

ROUTES: Final = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="List the inputs to try a flow with",
        scopes=("create:flows_executions",),
        tag="flows",
    ),
    Route(
        method="PUT",
        path=_ONE,
        handle=_keep,
        summary="Keep an input to try a flow with",
        scopes=("create:flows_executions",),
        body=flow_samples.SAMPLE,
        is_checked=False,
        tag="flows",
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handle=_delete,
        summary="Forget an input",
        scopes=("create:flows_executions",),
        status=204,
        tag="flows",
    ),
)
