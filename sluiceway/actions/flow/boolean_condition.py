"""``FLOW/BOOLEAN_CONDITION``: go on with ``then`` or with ``else``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, field

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.flow._conditions import evaluate, parse_condition
from sluiceway.actions.flow._pages import LOGIC_SOURCE

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "BooleanCondition", "run"]


class BooleanCondition(Params):
    """The params. The lists of actions stay as written: the engine walks the one that is chosen."""

    if_: Annotated[
        Any,
        Meta(
            title="If",
            description="A group of comparisons, or one comparison.",
            extra_json_schema={"x-widget": "condition"},
        ),
    ] = field(name="if")
    then: Annotated[
        list[Any],
        Meta(
            title="True",
            description="What runs where it holds.",
            extra_json_schema={"x-widget": "actions"},
        ),
    ] = field(default_factory=list)
    else_: Annotated[
        list[Any],
        Meta(
            title="False",
            description="What runs where it does not.",
            extra_json_schema={"x-widget": "actions"},
        ),
    ] = field(name="else", default_factory=list)


async def run(params: BooleanCondition, context: ActionContext) -> StepOutcome:
    """Evaluate the condition; an undefined side never fails it.

    Raises:
        DefinitionError: ``if`` is not a condition.
    """
    condition = parse_condition(params.if_, at="/if")
    result, shown = evaluate(condition, context.resolve)
    return StepOutcome(
        output={"result": result},
        branch="then" if result else "else",
        shown_input={"if": shown},
    )


ACTION = ActionSpec(
    type_="FLOW",
    action="BOOLEAN_CONDITION",
    title="If/Then condition",
    summary="Go on with one branch or the other; after it, the flow goes on.",
    params=BooleanCondition,
    run=run,
    output={
        "type": "object",
        "properties": {"result": {"type": "boolean", "description": "Whether it held."}},
        "required": ["result"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=LOGIC_SOURCE,
    lazy_params=("if",),
    branch_params=("then", "else"),
    example={
        "if": {
            "operator": "AND",
            "operands": [{"operator": "EQ", "operands": ["{{actions.get_user.status}}", "200"]}],
        },
        "then": [],
        "else": [],
    },
)
