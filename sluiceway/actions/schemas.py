"""The JSON Schema of an action's params, and what is wrong with params that break it.

Auth0's debugger shows AJV's words and a JSON Pointer for each param that does not fit; the codes
beside ``ERR_WRONG_DATA_TYPE`` are ours (docs/differences.md). A value is never quoted: it may be a
secret. Flows are told the same when they are saved and when they run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.actions.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import Draft202012Validator, ValidationError

    from sluiceway.actions.base import Params
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["InvalidParam", "find_invalid_params", "params_schema"]

_ANNOTATIONS: Final = frozenset({"title", "description", "examples"})
# Structs are few and live as long as the process.
_schemas: Final[dict[type[Params], JsonObject]] = {}
_validators: Final[dict[type[Params], Draft202012Validator]] = {}


class InvalidParam(msgspec.Struct, frozen=True, kw_only=True):
    """One place that breaks the schema.

    Attributes:
        code: our code for the kind of fault.
        message: AJV's words.
        path: JSON Pointer into the params.
        details: AJV's ``params`` of the keyword; never the value that was found.
        keys: *path* as keys and indexes.
        unexpected: the key that no param has, where that is the fault.
    """

    code: str
    message: str
    path: str
    details: JsonObject
    keys: tuple[str | int, ...] = ()
    unexpected: str | None = None

    def as_json(self) -> JsonObject:
        """Return ``{code, message, details, path}``, as Auth0's debugger shows it."""
        return {
            "code": self.code,
            "message": self.message,
            "details": self.details,
            "path": self.path,
        }


def params_schema(params: type[Params]) -> JsonObject:
    """Return the JSON Schema of a params struct; ``$defs`` beside its properties."""
    found = _schemas.get(params)
    if found is None:
        found = _schemas[params] = _build_schema(params)
    return found


def find_invalid_params(struct: type[Params], params: JsonObject) -> Iterator[InvalidParam]:
    """Yield every place where *params* break the schema of *struct*."""
    for error in _validator(struct).iter_errors(params):
        yield from _translate(error)


def _build_schema(params: type[Params]) -> JsonObject:
    (reference,), definitions = msgspec.json.schema_components([params])
    name = str(reference["$ref"]).rpartition("/")[2]
    schema: JsonObject = {**definitions.pop(name)}
    if definitions:
        schema["$defs"] = definitions
        schema = msgspec.json.decode(
            msgspec.json.encode(schema).replace(b"#/components/schemas/", b"#/$defs/")
        )
    _lift_titles(schema)
    return schema


def _lift_titles(schema: JsonValue) -> None:
    """Give a property that may also be null the title, tip and widget of what it is else."""
    fields = _object(_object(schema).get("properties")).values()
    for field in map(_object, fields):
        choices = field.get("anyOf")
        for choice in map(_object, choices if isinstance(choices, list) else ()):
            for key, value in choice.items():
                if key in _ANNOTATIONS or key.startswith("x-"):
                    field.setdefault(key, value)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _validator(params: type[Params]) -> Draft202012Validator:
    found = _validators.get(params)
    if found is None:
        from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - only when used

        found = _validators[params] = Draft202012Validator(
            params_schema(params), validate_formats=True, formats=FORMATS
        )
    return found


def _translate(error: ValidationError) -> Iterator[InvalidParam]:
    kind = error.kind.as_dict()
    name = error.kind.name
    keys = tuple(error.instance_path)
    if name in {"anyOf", "oneOf"}:
        yield from _translate_choice(error, keys)
        return
    if name == "additionalProperties":
        for key in kind["unexpected"]:
            yield _invalid(
                ("ERR_UNKNOWN_PARAM", "must NOT have additional properties"),
                (*keys, key),
                {"additionalProperty": key},
                unexpected=key,
            )
        return
    yield _invalid(_words(name, kind, error), keys, _details(name, kind))


def _translate_choice(
    error: ValidationError, here: tuple[str | int, ...]
) -> Iterator[InvalidParam]:
    """Name the types that would do; or, where the type fits one choice, what is wrong within it."""
    branches: list[list[ValidationError]] = [*error.kind.as_dict()["context"]]
    inner = [
        branch
        for branch in branches
        if not any(e.kind.name == "type" and tuple(e.instance_path) == here for e in branch)
    ]
    if inner:
        for nested in inner[0]:
            yield from _translate(nested)
        return
    types = [
        name
        for branch in branches
        for e in branch
        if e.kind.name == "type"
        for name in e.kind.as_dict()["types"]
    ]
    shown = list(dict.fromkeys(name for name in types if name != "null")) or ["null"]
    yield _invalid(
        ("ERR_WRONG_DATA_TYPE", f"must be {','.join(shown)}"),
        here,
        {"type": shown[0] if len(shown) == 1 else [*shown]},
    )


def _words(name: str, kind: dict[str, Any], error: ValidationError) -> tuple[str, str]:
    """Return our code and AJV's message (ajv 8, ``vocabularies/**``, property ``message``)."""
    limit = kind.get("limit")
    words: dict[str, tuple[str, str]] = {
        "type": ("ERR_WRONG_DATA_TYPE", f"must be {','.join(kind.get('types', []))}"),
        "required": (
            "ERR_MISSING_PARAM",
            f"must have required property '{kind.get('property')}'",
        ),
        "enum": ("ERR_NOT_ALLOWED_VALUE", "must be equal to one of the allowed values"),
        "const": ("ERR_NOT_ALLOWED_VALUE", "must be equal to constant"),
        "minimum": ("ERR_OUT_OF_RANGE", f"must be >= {limit}"),
        "maximum": ("ERR_OUT_OF_RANGE", f"must be <= {limit}"),
        "exclusiveMinimum": ("ERR_OUT_OF_RANGE", f"must be > {limit}"),
        "exclusiveMaximum": ("ERR_OUT_OF_RANGE", f"must be < {limit}"),
        "multipleOf": ("ERR_OUT_OF_RANGE", f"must be multiple of {kind.get('multipleOf')}"),
        "minLength": ("ERR_WRONG_LENGTH", f"must NOT have fewer than {limit} characters"),
        "maxLength": ("ERR_WRONG_LENGTH", f"must NOT have more than {limit} characters"),
        "minItems": ("ERR_WRONG_LENGTH", f"must NOT have fewer than {limit} items"),
        "maxItems": ("ERR_WRONG_LENGTH", f"must NOT have more than {limit} items"),
        "minProperties": ("ERR_WRONG_LENGTH", f"must NOT have fewer than {limit} properties"),
        "maxProperties": ("ERR_WRONG_LENGTH", f"must NOT have more than {limit} properties"),
        "pattern": ("ERR_WRONG_FORMAT", f'must match pattern "{kind.get("pattern")}"'),
        "format": ("ERR_WRONG_FORMAT", f'must match format "{kind.get("format")}"'),
    }
    return words.get(name, ("ERR_INVALID_VALUE", f"must satisfy the keyword {error.kind.name}"))


def _details(name: str, kind: dict[str, Any]) -> JsonObject:
    if name == "type":
        types = kind["types"]
        return {"type": types[0] if len(types) == 1 else types}
    if name == "required":
        return {"missingProperty": kind["property"]}
    if name == "enum":
        return {"allowedValues": json.loads(json.dumps(kind["options"]))}
    return {key: kind[key] for key in ("limit", "pattern", "format", "multipleOf") if key in kind}


def _invalid(
    words: tuple[str, str],
    keys: tuple[str | int, ...],
    details: JsonObject,
    *,
    unexpected: str | None = None,
) -> InvalidParam:
    code, message = words
    pointer = "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
    return InvalidParam(
        code=code, message=message, path=pointer, details=details, keys=keys, unexpected=unexpected
    )
