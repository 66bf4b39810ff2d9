"""Check a flow when it is saved: names, params against the actions' schemas, conditions, templates.

A text that holds an expression may become anything once it is resolved, so that no type or limit is
held against it; Liquid params are texts as they stand, and their limits count.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.actions.flow._conditions import parse_condition
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.errors import DefinitionError
from sluiceway.expressions import find_syntax_errors
from sluiceway.models.json_text import did_you_mean, escape_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import Draft202012Validator, ValidationError

    from sluiceway.actions.base import ActionSpec, Params
    from sluiceway.actions.catalogue import ActionCatalogue
    from sluiceway.errors import ExpressionSyntaxError
    from sluiceway.models.flow import Action, Flow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["find_param_problems", "params_schema", "validate_flow"]

_SAMPLE: Final = 40


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
    for broken in _validator(spec.params).iter_errors(params):
        problems += _explain(broken, params, spec, at=here)
    return problems


@lru_cache(maxsize=256)
def params_schema(params: type[Params]) -> JsonObject:
    """Return the JSON Schema of a params struct; ``$defs`` beside its properties."""
    (reference,), definitions = msgspec.json.schema_components([params])
    name = str(reference["$ref"]).rpartition("/")[2]
    schema: JsonObject = {**definitions.pop(name)}
    if definitions:
        schema["$defs"] = definitions
        schema = msgspec.json.decode(
            msgspec.json.encode(schema).replace(b"#/components/schemas/", b"#/$defs/")
        )
    return schema


@lru_cache(maxsize=256)
def _validator(params: type[Params]) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - when used

    return Draft202012Validator(params_schema(params), validate_formats=True)


def _explain(
    error: ValidationError, params: JsonObject, spec: ActionSpec[Any], *, at: str
) -> Iterator[DefinitionError]:
    path = [str(key) for key in error.instance_path]
    value = _value_at(params, error.instance_path)
    is_liquid = bool(path) and path[0] in spec.liquid_params
    if isinstance(value, str) and "{{" in value and not is_liquid:
        return
    pointer = at + "".join(f"/{escape_pointer(key)}" for key in path)
    if error.kind.name == "additionalProperties":
        schema = params_schema(spec.params)
        properties = schema.get("properties")
        known = list(properties) if isinstance(properties, dict) and not path else []
        for name in error.kind.as_dict()["unexpected"]:
            yield DefinitionError(
                f"{spec.name} takes no param {name!r}",
                at=f"{pointer}/{escape_pointer(name)}",
                hint=did_you_mean(name, known)
                or (f"It takes {', '.join(known)}." if known else ""),
            )
        return
    message = error.message
    if len(message) > 4 * _SAMPLE:
        # The library quotes the value, which may be a whole email.
        message = f"{message[:_SAMPLE]}…{message[-2 * _SAMPLE :]}"
    yield DefinitionError(f"{spec.name}: {message}", at=pointer)


def _value_at(value: JsonValue, path: list[str | int]) -> JsonValue:
    for key in path:
        if isinstance(value, dict):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
    return value


def _placed(error: ExpressionSyntaxError, base: str) -> DefinitionError:
    place = f"line {error.line}, column {error.column}"
    return DefinitionError(f"{error.message} ({place})", at=f"{base}{error.at}", hint=error.hint)
