"""What type of value an expression gives, as far as that can be said without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from sluiceway.actions.validation import params_schema
from sluiceway.expressions import Undefined
from sluiceway.expressions.nodes import Access, Array, Call, Coalesce, Literal, Root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.analysis.view import FlowView, Step
    from sluiceway.expressions import Template
    from sluiceway.expressions.nodes import Node
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Types", "accepted_types", "output_schema_at", "type_of_value", "types_of_template"]

Types = frozenset[str]
"""JSON Schema's names of types, ``integer`` as ``number``. ``None`` in its place: not known."""

_STRING: Final = frozenset({"string"})
_NUMBER: Final = frozenset({"number"})
_BOOLEAN: Final = frozenset({"boolean"})
_ARRAY: Final = frozenset({"array"})
_NOTHING: Final = frozenset({"null"})
_FUNCTIONS: Final[dict[str, Types]] = {
    "encodeURIComponent": _STRING,
    "includes": _BOOLEAN,
    "indexOf": _NUMBER,
    "length": _NUMBER,
    "md5": _STRING,
    "random": _NUMBER,
    "replace": _STRING,
    "replaceAll": _STRING,
    "sha1": _STRING,
    "sha256": _STRING,
    "sha512": _STRING,
    "split": _ARRAY,
    "substring": _STRING,
    "toArray": _ARRAY,
    "toBoolean": _BOOLEAN,
    "toLowerCase": _STRING,
    "toNumber": _NUMBER,
    "toString": _STRING,
    "toTimestamp": _NUMBER,
    "toUpperCase": _STRING,
    "uuid": _STRING,
}


def types_of_template(template: Template, view: FlowView) -> Types | None:
    """Return what *template* may resolve to; ``None`` where that cannot be said."""
    if template.whole is None:
        return _STRING
    return _types_of(template.whole.node, view)


def type_of_value(value: JsonValue) -> str:
    """Return the JSON Schema name of a value's type."""
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int | float, "number"), (str, "string")):
        if isinstance(value, kind):
            return name
    return "array" if isinstance(value, list) else "object"


def _types_of(node: Node, view: FlowView) -> Types | None:
    match node:
        case Literal(value=value):
            return _NOTHING if isinstance(value, Undefined) else frozenset({type_of_value(value)})
        case Array():
            return _ARRAY
        case Access(base=Root(name="actions"), steps=(str(id_), *rest)):
            return _types_of_output(view.by_id.get(id_), rest)
        case Call(name="mask", arguments=(argument,)):
            return _types_of(argument, view)
        case Call(name=name):
            return _FUNCTIONS.get(name)
        case Coalesce(parts=parts):
            found = [_types_of(part, view) for part in parts]
            known = [types for types in found if types is not None]
            return frozenset[str]().union(*known) if len(known) == len(found) else None
        case _:
            return None


def _types_of_output(step: Step | None, path: Sequence[str | Node]) -> Types | None:
    if step is None or step.spec is None or step.allow_failure:
        return None
    keys = [key for key in path if isinstance(key, str)]
    try:
        schema = output_schema_at(step.spec.output, keys) if len(keys) == len(path) else None
    except KeyError:  # said elsewhere, by SLW206
        return None
    return None if schema is None else _schema_types(schema)


def output_schema_at(schema: JsonObject, path: Sequence[str]) -> JsonObject | None:
    """Return the schema of what *path* leads to, ``None`` where *schema* does not say.

    Raises:
        KeyError: it says that there is no such key; the error names the key and those there are.
    """
    for key in path:
        types = _schema_types(schema)
        properties = schema.get("properties")
        if isinstance(properties, dict) and key in properties:
            schema = cast("JsonObject", properties[key])
            continue
        is_closed = schema.get("additionalProperties") is False
        if types is not None and not types & {"object", "array"}:
            if key == "length" and types <= _STRING:
                return {"type": "integer"}
            if not (types & _STRING and key.isdigit()):
                raise KeyError(key, ())
            return None
        if is_closed and types == frozenset({"object"}):
            raise KeyError(key, tuple(properties) if isinstance(properties, dict) else ())
        return None
    return schema


def _schema_types(schema: JsonObject) -> Types | None:
    found = schema.get("type")
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list):
        options = schema.get("anyOf") or schema.get("oneOf")
        if not isinstance(options, list):
            return None
        parts = [_schema_types(option) for option in options if isinstance(option, dict)]
        known = [types for types in parts if types is not None]
        return frozenset[str]().union(*known) if known and len(known) == len(parts) else None
    return frozenset("number" if name == "integer" else str(name) for name in names)


def accepted_types(step: Step, param: str, path: Sequence[str]) -> Types | None:
    """Return the types that the action takes at that place; ``None`` where any will do."""
    if step.spec is None:
        return None
    root: Any = params_schema(step.spec.params)
    schemas: list[Any] = [root]
    for key in (param, *path):
        below: list[Any] = []
        for schema in schemas:
            for option in _options(schema, root):
                properties = option.get("properties", {})
                if key in properties:
                    below.append(properties[key])
                elif isinstance(option.get("additionalProperties"), dict):
                    below.append(option["additionalProperties"])
                elif isinstance(option.get("items"), dict):
                    below.append(option["items"])
                elif option.get("type") in {"object", "array"} or "type" not in option:
                    return None
        schemas = below
    options = [option for schema in schemas for option in _options(schema, root)]
    types = [_schema_types(option) for option in options]
    known = [found for found in types if found is not None]
    return frozenset[str]().union(*known) if known and len(known) == len(types) else None


def _options(schema: Any, root: Any) -> list[Any]:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    nested = schema.get("anyOf") or schema.get("oneOf")
    if nested:
        return [option for one in nested for option in _options(one, root)]
    return [schema]
