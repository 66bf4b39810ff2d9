"""``FLOW/STORE_VARS``: keep values that later steps read as ``vars.<key>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import OpenObject
from sluiceway.actions.flow._pages import LOGIC_SOURCE

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "StoreVars", "run"]


class StoreVars(Params):
    """The params: names and values."""

    vars: Annotated[OpenObject, Meta(title="Variables", extra_json_schema={"x-widget": "pairs"})]


async def run(params: StoreVars, context: ActionContext) -> StepOutcome:
    """Merge the values into ``vars``, key by key; a value keeps its JSON type."""
    del context
    return StepOutcome(output={}, vars=params.vars)


ACTION = ActionSpec(
    type_="FLOW",
    action="STORE_VARS",
    title="Store shared variable",
    summary="Keep values that later steps read as vars.<key>.",
    params=StoreVars,
    run=run,
    output={"type": "object", "additionalProperties": False},
    effect=Effect.PURE,
    source=LOGIC_SOURCE,
    example={"vars": {"plan": "{{fields.plan}}"}},
)
