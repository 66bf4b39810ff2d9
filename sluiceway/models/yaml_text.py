"""YAML read as the JSON it stands for: timestamps stay texts, and nothing but JSON comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeGuard

from sluiceway.errors import DefinitionError

if TYPE_CHECKING:
    from sluiceway.models.json import JsonValue

__all__ = ["is_yaml_name", "parse_yaml"]

_SUFFIXES: Final = (".yaml", ".yml")
_DEEPEST: Final = 200
_MOST_VALUES: Final = 200_000
"""Anchors let a short text stand for more values than any memory holds."""


def is_yaml_name(name: str) -> bool:
    """Tell whether a file of that name holds YAML."""
    return name.lower().endswith(_SUFFIXES)


def parse_yaml(data: bytes, *, name: str = "") -> JsonValue:
    """Parse one document of UTF-8 YAML.

    Args:
        data: the bytes.
        name: what to call the source in errors, like a file's path.

    Raises:
        DefinitionError: it is not YAML, or holds what JSON has no words for.
    """
    import yaml  # noqa: PLC0415 - takes its time

    try:
        value: Any = yaml.load(data.decode("utf-8-sig"), Loader=_plain_loader())  # noqa: S506 - safe
        left = [_MOST_VALUES]
        return _json_of(value, left, 0)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        reason = str(error) if type(error) is ValueError else "it is not UTF-8, or nested too deep"
        raise DefinitionError(f"expected YAML, found something else: {reason}", at=name) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be read"
        raise DefinitionError(
            f"expected YAML, found something else: {reason}",
            at=f"{name}{place}",
            hint="Put values that start with '{', '@' or '#' in quotes.",
        ) from error


def _json_of(value: Any, left: list[int], depth: int) -> JsonValue:
    left[0] -= 1
    if left[0] < 0 or depth > _DEEPEST:
        raise ValueError("it stands for too many values, or is nested too deep")
    if _is_mapping(value):
        return {_key(key): _json_of(item, left, depth + 1) for key, item in value.items()}
    if _is_sequence(value):
        return [_json_of(item, left, depth + 1) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"a {type(value).__name__} is no JSON")


def _is_mapping(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def _is_sequence(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)


def _plain_loader() -> Any:
    """Return a safe loader that leaves timestamps as text, as JSON has them."""
    import yaml  # noqa: PLC0415 - as above

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    plain: Any = type("PlainLoader", (loader,), {})
    resolvers: Any = loader.yaml_implicit_resolvers
    plain.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
        for first, pairs in resolvers.items()
    }
    return plain
