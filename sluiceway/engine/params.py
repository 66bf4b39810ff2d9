"""Check resolved params against the action's schema, and say what is wrong as AJV does.

Auth0's debugger shows AJV's words and a JSON Pointer for each param that does not fit; the codes
beside ``ERR_WRONG_DATA_TYPE`` are ours (docs/differences.md).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import Draft202012Validator, ValidationError

    from sluiceway.actions.base import ActionSpec, Params
    from sluiceway.models.json import JsonObject

__all__ = ["convert_params"]

_MESSAGE: Final = "Calculated parameters do not satisfy the expected schema"


def convert_params(spec: ActionSpec[Any], params: JsonObject) -> Params:
    """Return *params* as the action's struct.

    Raises:
        InvalidActionParams: they break the schema; ``details.invalidParams`` lists each place as
            ``{code, message, details, path}``.
    """
    try:
        converted: Params = msgspec.convert(params, spec.params)
    except msgspec.ValidationError as error:
        # The struct decides, being the source of the schema; the schema then names every place.
        found = list(_invalid_params(spec.params, params)) or [
            _invalid("ERR_INVALID_VALUE", str(error))
        ]
        raise InvalidActionParams(_MESSAGE, details={"invalidParams": [*found]}) from None
    return converted


@lru_cache(maxsize=256)
def _validator(params: type[Params]) -> Draft202012Validator:
    import jsonschema_rs  # noqa: PLC0415 - needed only once params are wrong

    return jsonschema_rs.Draft202012Validator(msgspec.json.schema(params))


def _invalid_params(struct: type[Params], params: JsonObject) -> Iterator[JsonObject]:
    for error in _validator(struct).iter_errors(params):
        yield from _translate(error)


def _translate(error: ValidationError) -> Iterator[JsonObject]:
    kind = error.kind.as_dict()
    name = error.kind.name
    path = _pointer([*error.instance_path])
    if name in {"anyOf", "oneOf"}:
        yield from _translate_choice(error, path)
        return
    if name == "additionalProperties":
        for key in kind["unexpected"]:
            yield _invalid(
                "ERR_UNKNOWN_PARAM",
                "must NOT have additional properties",
                path=_pointer([*error.instance_path, key]),
                details={"additionalProperty": key},
            )
        return
    yield _invalid(*_words(name, kind, error), path=path, details=_details(name, kind))


def _translate_choice(error: ValidationError, path: str) -> Iterator[JsonObject]:
    """Name the types that would do; or, where the type fits one choice, what is wrong within it."""
    here = [*error.instance_path]
    branches: list[list[ValidationError]] = [*error.kind.as_dict()["context"]]
    inner = [
        branch
        for branch in branches
        if not any(e.kind.name == "type" and [*e.instance_path] == here for e in branch)
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
        "ERR_WRONG_DATA_TYPE",
        f"must be {','.join(shown)}",
        path=path,
        details={"type": shown[0] if len(shown) == 1 else [*shown]},
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
    """Return AJV's ``params`` of the keyword; never the value that was found."""
    if name == "type":
        types = kind["types"]
        return {"type": types[0] if len(types) == 1 else types}
    if name == "required":
        return {"missingProperty": kind["property"]}
    if name == "enum":
        return {"allowedValues": json.loads(json.dumps(kind["options"]))}
    return {key: kind[key] for key in ("limit", "pattern", "format", "multipleOf") if key in kind}


def _invalid(
    code: str, message: str, *, path: str = "", details: JsonObject | None = None
) -> JsonObject:
    return {"code": code, "message": message, "details": details or {}, "path": path}


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
