"""``/sluiceway/v1/actions`` and ``/functions``: what consoles draw their forms and lists from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.actions.schemas import params_schema
from sluiceway.api.route import Call, Route
from sluiceway.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.actions.base import ActionSpec
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES", "action_json"]


def action_json(spec: ActionSpec[Any]) -> JsonObject:
    """Return an action as the catalogue shows it; ``params`` is a JSON Schema, whole in itself."""
    example = spec.example
    scopes: Sequence[str] = () if callable(spec.scopes) else spec.scopes
    return {
        "type": spec.type_,
        "action": spec.action,
        "title": spec.title,
        "summary": spec.summary,
        "params": params_schema(spec.params),
        "output": spec.output,
        "example": example,
        "source": spec.source,
        "liquid_params": list(spec.liquid_params),
        "branch_params": list(spec.branch_params),
        "scopes": list(scopes),
        "effect": str(spec.effect) if isinstance(spec.effect, str) else "depends",
    }


async def _actions(call: Call) -> JsonObject:
    found: list[JsonValue] = [action_json(spec) for spec in call.services.need_actions().all()]
    return {"actions": found}


async def _action(call: Call) -> JsonObject:
    spec = call.services.need_actions().find(call.path["type"], call.path["action"])
    if spec is None:
        raise NotFound("Action not found")
    return action_json(spec)


async def _functions(_: Call) -> JsonObject:
    from sluiceway.expressions.library import iter_functions  # noqa: PLC0415 - imports them all

    found: list[JsonValue] = [
        {
            "name": function.name,
            "signature": function.signature,
            "summary": function.summary,
            "source": function.source,
            "examples": [example.expression for example in function.examples],
        }
        for function in iter_functions()
    ]
    return {"functions": found}


_READ: Final = ("read:flows",)

ROUTES: Final = (
    Route(
        method="GET",
        path="/sluiceway/v1/actions",
        handle=_actions,
        summary="List the actions with their schemas",
        scopes=_READ,
        tag="catalogue",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/actions/{type}/{action}",
        handle=_action,
        summary="Get an action with its schema",
        scopes=_READ,
        tag="catalogue",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/functions",
        handle=_functions,
        summary="List the functions of expressions",
        scopes=_READ,
        tag="catalogue",
    ),
)
