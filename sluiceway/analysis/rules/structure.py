"""SLW1xx: the shape of a flow: actions, ids, params, limits, what can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.actions.flow._conditions import parse_condition
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.analysis.findings import Edit, Finding, Rule, RuleFamily, Severity
from sluiceway.analysis.rules._schema import find_schema_problems
from sluiceway.analysis.view import BRANCHES
from sluiceway.errors import DefinitionError
from sluiceway.models.flow import MAX_NAME_LENGTH, MAX_NESTING, Action
from sluiceway.models.flow_files import free_id
from sluiceway.models.json_text import did_you_mean, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.view import FlowView, Step
    from sluiceway.models.json import JsonValue

__all__ = ["FAMILY"]

_ERROR: Final = Severity.ERROR


def check(view: FlowView) -> Iterator[Finding]:
    """Yield what is wrong with the shape of the flow."""
    yield from _check_flow(view)
    for at, items in _action_lists(view):
        yield from _check_list(at, items)
    taken = {step.id for step in view.steps}
    for step in view.steps:
        yield from _check_envelope(step, taken)
        yield from _check_id(view, step)
        yield from _check_name(view, step)
        yield from _check_params(step)
    for steps in [view.top, *(branch for step in view.steps for branch in step.branches.values())]:
        yield from _check_reach(steps)


def _check_flow(view: FlowView) -> Iterator[Finding]:
    document = view.document
    if view.nested_too_deep:
        yield Finding(
            code="SLW109",
            severity=_ERROR,
            message=f"conditions are nested deeper than {MAX_NESTING} levels",
            at=view.nested_too_deep,
            hint="Move the inner conditions into a flow of their own.",
        )
    if not isinstance(document, dict):
        return
    name = document.get("name")
    if isinstance(name, str) and len(name) > MAX_NAME_LENGTH:
        yield Finding(
            code="SLW105",
            severity=_ERROR,
            message=f"the flow's name has {len(name)} characters, Auth0 takes {MAX_NAME_LENGTH}",
            at="/name",
            hint="Shorten the name.",
        )
    elif name is not None and not isinstance(name, str):
        yield Finding(
            code="SLW101",
            severity=_ERROR,
            message=f"expected a text as the flow's name, found {type_name(name)}",
            at="/name",
            hint="Write a text.",
        )


def _action_lists(view: FlowView) -> Iterator[tuple[str, JsonValue]]:
    document = view.document
    top = document.get("actions", []) if isinstance(document, dict) else document
    yield view.actions_at, top
    for step in view.steps:
        for name in BRANCHES if step.is_condition else ():
            if name in step.params:
                yield f"{step.at}/params/{name}", step.params[name]


def _check_list(at: str, items: JsonValue) -> Iterator[Finding]:
    if not isinstance(items, list):
        yield Finding(
            code="SLW101",
            severity=_ERROR,
            message=f"expected a list of actions, found {type_name(items)}",
            at=at,
            hint="Write a list; it may be empty.",
        )
        return
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            yield Finding(
                code="SLW101",
                severity=_ERROR,
                message=f"expected an action (an object), found {type_name(item)}",
                at=f"{at}/{index}",
                hint="Write an object with id, type, action and params.",
            )


def _check_envelope(step: Step, taken: set[str]) -> Iterator[Finding]:
    if "id" not in step.document:
        id_ = free_id(step.document, taken)
        yield step.finding(
            "SLW110",
            Severity.WARNING,
            "the action has no id: Auth0 refuses it, and no expression can refer to it",
            hint=f'Add "id": "{id_}".',
            edit=Edit(f"{step.at}/id", id_),
        )
    document = step.document if "id" in step.document else {**step.document, "id": "x"}
    try:
        Action.from_json(document, at=step.at)
    except DefinitionError as error:
        is_unknown = "found the key" in error.message
        yield step.finding(
            "SLW101",
            _ERROR,
            error.message,
            at=error.at,
            hint=error.hint or "Correct the action as Auth0's API has it.",
            on_key=is_unknown,
        )


def _check_id(view: FlowView, step: Step) -> Iterator[Finding]:
    first = view.by_id.get(step.id)
    if first is not None and first is not step:
        yield step.finding(
            "SLW102",
            _ERROR,
            f"the id {step.id!r} is taken: the action at {first.at} has it too",
            at=f"{step.at}/id",
            hint="Give it an id of its own, and check which of the two the references mean.",
        )


def _check_name(view: FlowView, step: Step) -> Iterator[Finding]:
    if step.spec is not None or not (step.type and step.action):
        return
    if (step.type, step.action) in NOT_OFFERED:
        yield step.finding(
            "SLW108",
            Severity.INFO,
            f"{step.name} runs on Auth0, and not on Sluiceway yet: here the step fails",
            at=f"{step.at}/action",
            hint="Run the flow on Auth0, replace the step, or mock it in tests.",
        )
        return
    known = {spec.name for spec in view.catalogue.all()}
    known |= {f"{type_}/{name}" for type_, name in NOT_OFFERED}
    yield step.finding(
        "SLW103",
        _ERROR,
        f"there is no action {step.name}",
        at=f"{step.at}/action",
        hint=_near_action(step, known),
    )


def _near_action(step: Step, known: set[str]) -> str:
    """Offer the same action of another type first, then a near name of the same type."""
    same = sorted(name for name in known if name.partition("/")[2] == step.action)
    if same:
        return f"Did you mean {' or '.join(repr(name) for name in same)}?"
    of_type = [name for name in known if name.startswith(f"{step.type}/")]
    listed = ", ".join(sorted(of_type))
    return (
        did_you_mean(step.name, of_type)
        or (f"{step.type} has {listed}." if of_type else "")
        or did_you_mean(step.name, known)
        or "See the reference of actions."
    )


def _check_params(step: Step) -> Iterator[Finding]:
    if step.spec is None:
        return
    if "if" in step.spec.lazy_params and "if" in step.params:
        try:
            parse_condition(step.params["if"], at=f"{step.at}/params/if")
        except DefinitionError as error:
            yield step.finding(
                "SLW106",
                _ERROR,
                error.message,
                at=error.at,
                hint=error.hint or "Write {operator, operands}, as the editor exports it.",
            )
    if step.spec.needs_connection and step.own_params.get("connection_id") is None:
        yield step.finding(
            "SLW111",
            Severity.WARNING,
            f"{step.name} names no vault connection: Auth0 refuses it, and so does a run "
            "that chooses none",
            at=f"{step.at}/params",
            hint="Write a connection_id, or run it with --connection NAME.",
            on_key=True,
        )
    for problem in find_schema_problems(step.spec, step.own_params):
        if problem.message.endswith("needs the param 'connection_id', and it is not there"):
            continue
        yield step.finding(
            "SLW105" if problem.is_limit else "SLW104",
            _ERROR,
            problem.message,
            at=f"{step.at}/params{problem.pointer}",
            hint=problem.hint,
            on_key=problem.is_key,
        )


def _check_reach(steps: list[Step]) -> Iterator[Finding]:
    for index, step in enumerate(steps[:-1]):
        if step.ends_flow:
            rest = len(steps) - index - 1
            what = "this action" if rest == 1 else f"this action and {rest - 1} behind it"
            yield steps[index + 1].finding(
                "SLW107",
                Severity.WARNING,
                f"{what} can never run: the flow always ends at {step.label!r}",
                hint=f"Move it before {step.label!r}, or remove it.",
            )
            return


FAMILY: Final = RuleFamily(
    name="structure",
    title="Structure",
    check=check,
    rules=(
        Rule(
            code="SLW101",
            title="Malformed action",
            severity=_ERROR,
            meaning="A key of the action is missing, unknown or of the wrong type. Auth0's API "
            "refuses such a flow, and so does Sluiceway.",
            fix="Write id, type, action and params; alias, allow_failure and mask_output if you "
            "like, and nothing else.",
        ),
        Rule(
            code="SLW102",
            title="Duplicate id",
            severity=_ERROR,
            meaning="Two actions of the flow share an id, branches included. A reference to it "
            "cannot say which of them it means.",
            fix="Give the second action an id of its own.",
        ),
        Rule(
            code="SLW103",
            title="Unknown action",
            severity=_ERROR,
            meaning="No action of Auth0's API has this type and name.",
            fix="Correct the name; the message offers the nearest one.",
        ),
        Rule(
            code="SLW104",
            title="Wrong param",
            severity=_ERROR,
            meaning="A param is missing, unknown, or of a type that the action does not take.",
            fix="Write the params as the action's schema has them.",
        ),
        Rule(
            code="SLW105",
            title="Over a limit",
            severity=_ERROR,
            meaning="A text is longer or shorter, or a number larger or smaller, than Auth0's "
            "API takes. A text with an expression in it is not measured.",
            fix="Keep to the limit that the message names.",
        ),
        Rule(
            code="SLW106",
            title="Malformed condition",
            severity=_ERROR,
            meaning="The `if` of a condition has an unknown operator or the wrong number of "
            "operands.",
            fix="Write `{operator, operands}` as the editor exports it.",
        ),
        Rule(
            code="SLW107",
            title="Unreachable action",
            severity=Severity.WARNING,
            meaning="An action stands behind one that ends the flow (an error message, a returned "
            "value, or a condition whose branches both end it).",
            fix="Move the action before the end, or remove it.",
        ),
        Rule(
            code="SLW108",
            title="Action not offered here",
            severity=Severity.INFO,
            meaning="Auth0 has this action, Sluiceway does not run it yet. The flow is kept and "
            "shown; the step fails when it is reached.",
            fix="Run the flow on Auth0, replace the step, or mock it in tests.",
        ),
        Rule(
            code="SLW109",
            title="Nested too deep",
            severity=_ERROR,
            meaning=f"Conditions stand inside each other more than {MAX_NESTING} levels deep.",
            fix="Move the inner conditions into a flow of their own.",
        ),
        Rule(
            code="SLW110",
            title="Action without an id",
            severity=Severity.WARNING,
            meaning="Sluiceway gives such an action an id when it runs a file; Auth0's API "
            "refuses it.",
            fix="Add an id; `--fix` does.",
            is_fixable=True,
        ),
        Rule(
            code="SLW111",
            title="No vault connection",
            severity=Severity.WARNING,
            meaning="The action calls a service by a vault connection and names none.",
            fix="Write a connection_id; `sluiceway run --connection NAME` chooses one for a run.",
        ),
    ),
)
