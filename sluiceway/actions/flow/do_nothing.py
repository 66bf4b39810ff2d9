"""``FLOW/DO_NOTHING``: a step that does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.flow._pages import API_SOURCE

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "DoNothing", "run"]


class DoNothing(Params):
    """No params."""


async def run(params: DoNothing, context: ActionContext) -> StepOutcome:
    """Do nothing."""
    del params, context
    return StepOutcome(output={})


ACTION = ActionSpec(
    type_="FLOW",
    action="DO_NOTHING",
    title="Do nothing",
    summary="A step that does nothing.",
    params=DoNothing,
    run=run,
    output={"type": "object", "additionalProperties": False},
    effect=Effect.PURE,
    source=API_SOURCE,
    example={},
)
