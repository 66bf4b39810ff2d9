"""Check JSON against a schema and say what is wrong in Auth0's words.

Auth0's messages are those of the z-schema package, wrapped as terraform-provider-auth0 recorded
them: ``Payload validation error: '<reason>' on property <path> (<description>).``
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from sluiceway.errors import InvalidRequest
from sluiceway.models.ids import is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jsonschema_rs import ValidationError

    from sluiceway.models.ids import IdPrefix
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Part", "Schema"]

Part: TypeAlias = Literal["Payload", "Query", "Path"]

_ERROR_CODES: Final = {
    "Payload": "invalid_body",
    "Query": "invalid_query_string",
    "Path": "invalid_uri",
}
_URI: Final = re.compile(r"https?://[^\s/?#]+([/?#]\S*)?", re.IGNORECASE)
_HOST: Final = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})?(\.[A-Za-z0-9_-]{1,63})*"
)
_ID_FORMATS: Final[dict[str, IdPrefix]] = {
    "flow-id": "af",
    "flow-execution-id": "afe",
    "flows-vault-connections-id": "ac",
}
_METADATA_HINT: Final = (
    ' (consider storing them in app_metadata or user_metadata. See "Users Metadata" in '
    "https://auth0.com/docs/api/v2/changes for more details)"
)


class Schema:
    """A JSON Schema that is compiled when it is first needed.

    The annotation ``x-suggest-metadata`` adds Auth0's advice to the refusal of unknown keys.
    """

    __slots__ = ("_validator", "document")

    def __init__(self, document: JsonObject) -> None:
        """Keep *document*; it is not copied."""
        self.document = document
        self._validator: Any = None  # jsonschema_rs.Validator, imported when first needed

    def check(self, value: JsonValue, *, part: Part = "Payload") -> None:
        """Check *value*.

        Raises:
            InvalidRequest: it breaks the schema; the message names the first place.
        """
        if self._validator is None:
            self._validator = _compile(self.document)
        if self._validator.is_valid(value):
            return
        found: list[ValidationError] = list(self._validator.iter_errors(value))
        error = min(found, key=lambda e: (len(e.instance_path), _rank(e.kind.name)))
        path = [str(step) for step in error.instance_path]
        reason = _reason(error, self.document)
        place = f" on property {'.'.join(path)}" if path else ""
        description = _description(self.document, error.instance_path)
        raise InvalidRequest(
            f"{part} validation error: '{reason}'{place}{description}.",
            error_code=_ERROR_CODES[part],
            at="".join(f"/{step}" for step in path),
        )


def _compile(document: JsonObject) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - heavy, and a run of a flow may not need it

    formats: dict[str, Callable[[str], bool]] = {
        "strict-uri": lambda text: _URI.fullmatch(text) is not None,
        "absolute-https-uri": lambda text: (
            text.lower().startswith("https://") and _URI.fullmatch(text) is not None
        ),
        "host": _is_host,
    }
    for name, prefix in _ID_FORMATS.items():
        formats[name] = _id_check(prefix)
    return jsonschema_rs.Draft202012Validator(
        document,
        formats=formats,
        validate_formats=True,
        email_options=jsonschema_rs.EmailOptions(
            require_tld=True, allow_domain_literal=False, allow_display_text=False
        ),
    )


def _is_host(text: str) -> bool:
    """Tell whether *text* is a name, an IPv4 or an IPv6 address."""
    if _HOST.fullmatch(text) is not None:
        return True
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _id_check(prefix: IdPrefix) -> Callable[[str], bool]:
    return lambda text: is_id(text, prefix)


def _rank(keyword: str) -> int:
    order = ("type", "required", "additionalProperties")
    return order.index(keyword) if keyword in order else len(order)


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    for kind, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def _reason(error: ValidationError, document: JsonObject) -> str:
    kind: Any = error.kind  # each keyword has its own class with its own attributes
    value: Any = error.instance
    advice = _METADATA_HINT if document.get("x-suggest-metadata") else ""
    reasons: dict[str, Callable[[], str]] = {
        "type": lambda: (
            f"Expected type {_expected_type(document, error.schema_path)} "
            f"but found type {_json_type(value)}"
        ),
        "required": lambda: f"Missing required property: {kind.property}",
        "additionalProperties": lambda: (
            f"Additional properties not allowed: {','.join(kind.unexpected)}{advice}"
        ),
        "enum": lambda: f"No enum match for: {_shown(value)}",
        "const": lambda: f"No enum match for: {_shown(value)}",
        "format": lambda: f"Object didn't pass validation for format {kind.format}: {value}",
        "pattern": lambda: f"String does not match pattern {kind.pattern}: {value}",
        "uniqueItems": lambda: "Array items are not unique (indexes {} and {})".format(
            *_repeated(value)
        ),
        "anyOf": lambda: "Data does not match any schemas from 'anyOf'",
        "oneOf": lambda: (
            "Data is valid against more than one schema from 'oneOf'"
            if type(kind).__name__ == "OneOfMultipleValid"
            else "Data does not match any schemas from 'oneOf'"
        ),
    }
    known = reasons.get(kind.name)
    return known() if known else _bound(kind, value) or str(error.message).replace("'", '"')


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _bound(kind: Any, value: Any) -> str:
    size = value if isinstance(value, int | float) else len(value)
    forms = {
        "minLength": "String is too short ({0} chars), minimum {1}",
        "maxLength": "String is too long ({0} chars), maximum {1}",
        "minimum": "Value {0} is less than minimum {1}",
        "maximum": "Value {0} is greater than maximum {1}",
        "exclusiveMinimum": "Value {0} is equal or less than exclusive minimum {1}",
        "exclusiveMaximum": "Value {0} is equal or greater than exclusive maximum {1}",
        "minItems": "Array is too short ({0}), minimum {1}",
        "maxItems": "Array is too long ({0}), maximum {1}",
        "minProperties": "Too few properties defined ({0}), minimum {1}",
        "maxProperties": "Too many properties defined ({0}), maximum {1}",
    }
    form = forms.get(kind.name)
    return form.format(size, kind.limit) if form else ""


def _expected_type(document: Any, path: Sequence[str | int]) -> str:
    node = document
    for step in path:
        node = node[step]
    return node if isinstance(node, str) else ",".join(node)


def _repeated(items: list[object]) -> tuple[int, int]:
    for second, item in enumerate(items):
        first = items.index(item)
        if first < second:
            return first, second
    return 0, 0


def _description(document: Any, path: Sequence[str | int]) -> str:
    node: JsonValue = document
    for step in path:
        if not isinstance(node, dict):
            return ""
        node = _below(node, step)
    text = node.get("description") if isinstance(node, dict) and path else None
    return f" ({text.rstrip('.')})" if isinstance(text, str) and text else ""


def _below(node: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return node.get("items")
    return node.get("properties", {}).get(step, node.get("additionalProperties"))
