"""``FLOW/DELAY_FLOW``: wait, for seconds or for days, before the flow goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.flow._pages import API_SOURCE
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "DelayFlow", "run"]

_UNITS: Final = {
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "DAYS": timedelta(days=1),
}
_LONGEST: Final = timedelta(days=3650)


class DelayFlow(Params):
    """The params: how many of which unit."""

    number: Annotated[
        Annotated[int, Meta(ge=0)] | Annotated[str, Meta(max_length=250)],
        Meta(title="Number", extra_json_schema={"x-widget": "text"}),
    ]
    units: Annotated[
        Literal["SECONDS", "MINUTES", "HOURS", "DAYS"],
        Meta(title="Units", extra_json_schema={"x-widget": "choice"}),
    ] = "SECONDS"


async def run(params: DelayFlow, context: ActionContext) -> StepOutcome:
    """Ask the engine to go on no earlier than the delay after this step was first reached.

    Raises:
        InvalidActionParams: the number is not a whole number, or the delay is over ten years.
    """
    text = str(params.number).strip()
    if not (text.isascii() and text.isdigit()):
        raise InvalidActionParams("expected a whole number of 0 or more", at="/number")
    # Ten years in seconds have nine digits: longer texts need no arithmetic.
    is_short = len(text.lstrip("0")) <= len(str(int(_LONGEST.total_seconds())))
    delay = int(text) * _UNITS[params.units].total_seconds() if is_short else float("inf")
    if delay > _LONGEST.total_seconds():
        raise InvalidActionParams(f"expected a delay of at most {_LONGEST.days} days", at="/number")
    return StepOutcome(output={}, wake_at=context.attempt_began_at + timedelta(seconds=delay))


ACTION = ActionSpec(
    type_="FLOW",
    action="DELAY_FLOW",
    title="Delay flow",
    summary="Wait before the flow goes on.",
    params=DelayFlow,
    run=run,
    output={"type": "object", "additionalProperties": False},
    effect=Effect.REPEATABLE,
    source=API_SOURCE,
    example={"number": 2, "units": "DAYS"},
)
