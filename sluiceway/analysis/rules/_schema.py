"""Params against the action's JSON Schema, in words that an author understands."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.actions.validation import params_schema
from sluiceway.models.json_text import did_you_mean, escape_pointer, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import Draft202012Validator, ValidationError

    from sluiceway.actions.base import ActionSpec, Params
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["SchemaProblem", "find_schema_problems"]

_TYPE_NAMES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_LIMITS: Final = {
    "maxLength": "at most {limit} characters",
    "minLength": "at least {limit} characters",
    "maximum": "at most {limit}",
    "minimum": "at least {limit}",
    "maxItems": "at most {limit} items",
    "minItems": "at least {limit} items",
}


class SchemaProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one param; *is_limit* where only its size is."""

    message: str
    pointer: str
    hint: str
    is_limit: bool = False
    is_key: bool = False


def find_schema_problems(spec: ActionSpec[Any], params: JsonObject) -> Iterator[SchemaProblem]:
    """Yield what is wrong with *params*; texts that hold an expression may become anything."""
    struct: type[Params] = spec.params
    for error in _validator(struct).iter_errors(params):
        path = [*error.instance_path]
        value = _value_at(params, path)
        is_liquid = bool(path) and path[0] in spec.liquid_params
        if not isinstance(value, str) or "{{" not in value or is_liquid:
            yield from _explain(error, value, spec)


@lru_cache(maxsize=256)
def _validator(params: type[Params]) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - when used

    return Draft202012Validator(params_schema(params), validate_formats=True)


def _explain(
    error: ValidationError, value: JsonValue, spec: ActionSpec[Any]
) -> Iterator[SchemaProblem]:
    pointer = "".join(f"/{escape_pointer(str(key))}" for key in error.instance_path)
    name, kind = error.kind.name, error.kind.as_dict()
    where = f"{spec.name}: {pointer.lstrip('/') or 'params'}"
    if name == "required":
        yield SchemaProblem(
            message=f"{spec.name} needs the param {kind['property']!r}, and it is not there",
            pointer=pointer,
            hint=f"Add {kind['property']!r}.",
        )
    elif name == "additionalProperties":
        known = _known_keys(spec, pointer)
        for key in kind["unexpected"]:
            yield SchemaProblem(
                message=f"{spec.name} takes no param {key!r}",
                pointer=f"{pointer}/{escape_pointer(key)}",
                hint=did_you_mean(key, known)
                or (f"It takes {', '.join(known)}." if known else f"Remove {key!r}."),
                is_key=True,
            )
    elif name in _LIMITS:
        limit = _LIMITS[name].format(limit=kind.get("limit"))
        size = len(value) if isinstance(value, str | list) else value
        yield SchemaProblem(
            message=f"{where}: Auth0 takes {limit}, found {size}",
            pointer=pointer,
            hint=f"Keep to {limit}.",
            is_limit=True,
        )
    elif name in {"anyOf", "oneOf"}:
        yield from _explain_choice(error, value, spec, where, pointer)
    else:
        yield _explain_other(name, kind, value, where, pointer)


def _explain_other(
    name: str, kind: dict[str, Any], value: JsonValue, where: str, pointer: str
) -> SchemaProblem:
    if name == "type":
        expected = " or ".join(_TYPE_NAMES[type_] for type_ in kind["types"])
        message, hint = f"expected {expected}, found {type_name(value)}", f"Write {expected}."
    elif name == "enum":
        options = [str(option) for option in kind["options"] if option is not None]
        shown = ", ".join(options)
        message = f"expected one of {shown}"
        hint = did_you_mean(str(value), options) or f"Choose one of {shown}."
    elif name == "format":
        what = "an email address" if "email" in str(kind.get("format")) else f"{kind['format']}"
        message, hint = f"expected {what}", f"Write {what}, or an expression that gives one."
    else:
        message, hint = f"the value breaks the rule {name!r}", "See the reference of the action."
    return SchemaProblem(message=f"{where}: {message}", pointer=pointer, hint=hint)


def _explain_choice(
    error: ValidationError, value: JsonValue, spec: ActionSpec[Any], where: str, pointer: str
) -> Iterator[SchemaProblem]:
    """Say what is wrong within the choice whose type fits; where none does, name the types."""
    choices: list[list[ValidationError]] = [*error.kind.as_dict()["context"]]
    here = [*error.instance_path]
    fitting = [
        choice
        for choice in choices
        if not any(e.kind.name == "type" and [*e.instance_path] == here for e in choice)
    ]
    if fitting:
        for inner in fitting[0]:
            yield from _explain(inner, _value_at(value, [*inner.instance_path][len(here) :]), spec)
        return
    names = [
        _TYPE_NAMES[type_]
        for choice in choices
        for e in choice
        if e.kind.name == "type"
        for type_ in e.kind.as_dict()["types"]
        if type_ != "null"
    ]
    expected = " or ".join(dict.fromkeys(names))
    yield SchemaProblem(
        message=f"{where}: expected {expected}, found {type_name(value)}",
        pointer=pointer,
        hint=f"Write {expected}.",
    )


def _known_keys(spec: ActionSpec[Any], pointer: str) -> list[str]:
    properties = params_schema(spec.params).get("properties")
    return [*properties] if isinstance(properties, dict) and not pointer else []


def _value_at(value: JsonValue, path: list[str | int]) -> JsonValue:
    for key in path:
        if isinstance(value, dict):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
    return value
