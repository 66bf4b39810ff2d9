"""Check a flow when it is saved: names, params against the actions' schemas, conditions, templates.

A text that holds an expression may become anything once it is resolved, so that no type or limit is
held against it; Liquid params are texts as they stand, and their limits count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluiceway.actions.flow._conditions import parse_condition
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.actions.schemas import find_invalid_params, params_schema
from sluiceway.errors import DefinitionError
from sluiceway.expressions import find_syntax_errors
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionSpec
    from sluiceway.actions.catalogue import ActionCatalogue
    from sluiceway.actions.schemas import InvalidParam
    from sluiceway.errors import ExpressionSyntaxError
    from sluiceway.models.flow import Action, Flow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["find_param_problems", "params_schema", "validate_flow"]


def validate_flow(flow: Flow, catalogue: ActionCatalogue) -> list[DefinitionError]:
    """Return all that is wrong with *flow*, in document order; ``at`` is a pointer into it.

    Actions that Sluiceway does not offer yet are not wrong: they are accepted, and fail when run.
    """
    problems: list[DefinitionError] = []
    for placed in flow.walk():
        action = placed.action
        spec = catalogue.find(action.type, action.action)
        if spec is not None:
            problems += find_param_problems(action, spec, at=placed.at)
        elif (action.type, action.action) not in NOT_OFFERED:
            known = {found.name for found in catalogue.all()}
            known |= {f"{type_}/{name}" for type_, name in NOT_OFFERED}
            problems.append(
                DefinitionError(
                    f"expected an action of Auth0's API, found {action.name}",
                    at=f"{placed.at}/action",
                    hint=did_you_mean(action.name, known),
                )
            )
    return problems


def find_param_problems(action: Action, spec: ActionSpec[Any], *, at: str) -> list[DefinitionError]:
    """Return what is wrong with the params of *action*; nested actions are not looked at."""
    params: JsonObject = {
        key: value for key, value in action.params.items() if key not in spec.branch_params
    }
    here = f"{at}/params"
    problems = [
        _placed(error, here) for error in find_syntax_errors(params, skip=spec.liquid_params)
    ]
    if "if" in spec.lazy_params and "if" in params:
        try:
            parse_condition(params["if"], at=f"{here}/if")
        except DefinitionError as error:
            problems.append(error)
    found = (
        _explain(broken, params, spec, at=here)
        for broken in find_invalid_params(spec.params, params)
    )
    return problems + [problem for problem in found if problem is not None]


def _explain(
    broken: InvalidParam, params: JsonObject, spec: ActionSpec[Any], *, at: str
) -> DefinitionError | None:
    place = f"{at}{broken.path}"
    if broken.unexpected is None:
        value = _value_at(params, broken.keys)
        is_liquid = bool(broken.keys) and broken.keys[0] in spec.liquid_params
        if isinstance(value, str) and "{{" in value and not is_liquid:
            return None
        allowed = broken.details.get("allowedValues")
        if isinstance(allowed, list):
            names = [str(one) for one in allowed if one is not None]
            return DefinitionError(
                f"{spec.name}: {broken.message}: {', '.join(names)}",
                at=place,
                hint=did_you_mean(value, names) if isinstance(value, str) else "",
            )
        return DefinitionError(f"{spec.name}: {broken.message}", at=place)
    properties = params_schema(spec.params).get("properties")
    is_outermost = len(broken.keys) == 1
    known = list(properties) if isinstance(properties, dict) and is_outermost else []
    return DefinitionError(
        f"{spec.name} takes no param {broken.unexpected!r}",
        at=place,
        hint=did_you_mean(broken.unexpected, known)
        or (f"It takes {', '.join(known)}." if known else ""),
    )


def _value_at(value: JsonValue, path: tuple[str | int, ...]) -> JsonValue:
    for key in path:
        if isinstance(value, dict):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
    return value


def _placed(error: ExpressionSyntaxError, base: str) -> DefinitionError:
    place = f"line {error.line}, column {error.column}"
    return DefinitionError(f"{error.message} ({place})", at=f"{base}{error.at}", hint=error.hint)
