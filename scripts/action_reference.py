"""The page of the reference that lists every action: params, output, effect, example."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from sluiceway.actions.base import Effect, OpenParams
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.actions.flow._conditions import OPERATORS
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.actions.schemas import params_schema
from sluiceway.engine.params import convert_params

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.actions.base import ActionSpec

__all__ = ["INTRO", "action_sections"]

INTRO = (
    "Every action that flows can use, by family. Any text param can hold `{{ }}` expressions; "
    "those marked *Liquid* are Liquid instead. *Effect* says what a crash may do with a step: "
    "*pure* ones are computed again, those that are *harmless to repeat* may be made again if "
    "their worker died in the middle, and those made *once only* never are. Third parties can "
    "[add their own](../extending/action.md)."
)
_EFFECTS = {
    Effect.PURE: "pure",
    Effect.REPEATABLE: "harmless to repeat",
    Effect.ONCE: "once only",
}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def action_sections() -> Iterator[list[str]]:
    """Yield the lines of each family's section, and of what is not offered yet."""
    for family, specs in itertools.groupby(InstalledActions().all(), lambda spec: spec.type_):
        yield [f"## {family}"]
        for spec in specs:
            yield list(_action(spec))
    conditions = (
        "What stands in `if`: a group `{operator, operands}` of `AND` or `OR`, which may nest, or "
        "a comparison `{operator, operands}` with one of these. A side that is undefined never "
        "fails the step."
    )
    yield [
        "## Conditions",
        "",
        conditions,
        "",
        "| code | in the editor | sides |",
        "|---|---|---|",
        *(
            f"| `{found.code}` | {found.label} | {2 if found.is_binary else 1} |"
            for found in OPERATORS.values()
        ),
    ]
    waiting = (
        "Flows with these are imported, kept, shown and exported as they are; a step that is "
        "reached fails with `ERR_ACTION_NOT_OFFERED`."
    )
    yield [
        "## Not offered yet",
        "",
        waiting,
        "",
        *(
            f"- {family}: {', '.join(f'`{name}`' for _, name in names)}"
            for family, names in itertools.groupby(sorted(NOT_OFFERED), lambda pair: pair[0])
        ),
    ]


def _action(spec: ActionSpec[Any]) -> Iterator[str]:
    yield from (f"### {spec.name}", "", f"**{spec.title}.** {spec.summary}", "")
    yield f"Effect: {_effect(spec)}."
    if spec.scopes:
        scopes = spec.scopes(spec.example) if callable(spec.scopes) else spec.scopes
        yield f"Scopes of the application: {', '.join(f'`{scope}`' for scope in scopes)}."
    hidden = [f"`{p}` of the params" for p in spec.secret_params]
    hidden += [f"`{p}` of the output" for p in spec.secret_outputs]
    if hidden:
        yield f"Shown as `███` in records: {', '.join(hidden)}."
    yield ""
    yield from _params(spec)
    yield from _output(spec)
    yield from ("```json", json.dumps(_step(spec), indent=2, ensure_ascii=False), "```", "")
    yield f"Follows: <{spec.source}>"


def _effect(spec: ActionSpec[Any]) -> str:
    if isinstance(spec.effect, Effect):
        return _EFFECTS[spec.effect]
    by_method: dict[Effect, list[str]] = {}
    for method in _METHODS:
        params = convert_params(spec, {**spec.example, "method": method})
        by_method.setdefault(spec.effect_of(params), []).append(method)
    return "; ".join(
        f"{_EFFECTS[effect]} with {', '.join(names)}" for effect, names in by_method.items()
    )


def _step(spec: ActionSpec[Any]) -> dict[str, Any]:
    return {
        "id": f"{spec.action.lower()}_a1b2",
        "type": spec.type_,
        "action": spec.action,
        "params": spec.example,
    }


def _params(spec: ActionSpec[Any]) -> Iterator[str]:
    schema: Any = params_schema(spec.params)
    rows = list(_rows(spec, schema, schema.get("$defs", {})))
    if not rows:
        yield from ("No params.", "")
        return
    yield from ("| param | type | meaning |", "|---|---|---|", *rows)
    if issubclass(spec.params, OpenParams):
        yield "| … | any | Everything else goes along as it is. |"
    yield ""


def _rows(
    spec: ActionSpec[Any], schema: dict[str, Any], definitions: dict[str, Any], prefix: str = ""
) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        label = f"`{prefix}{name}`" + (" (required)" if name in required else "")
        notes = [field.get("title", "") + ".", field.get("description", "")]
        notes.append(field.get("x-tip", ""))
        if name in spec.liquid_params and not prefix:
            notes.append("*Liquid.*")
        meaning = " ".join(note for note in notes if note).replace("|", "\\|")
        yield f"| {label} | {_type(field, definitions)} | {meaning} |"
        for nested in _nested(field, definitions):
            yield from _rows(spec, nested, definitions, f"{prefix}{name}.")


def _nested(field: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for choice in field.get("anyOf", [field]):
        reference = choice.get("$ref") or choice.get("items", {}).get("$ref")
        if reference:
            yield definitions[reference.rpartition("/")[2]]


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    names: list[str] = []
    for choice in field.get("anyOf", [field]):
        if "$ref" in choice:
            names.append("object")
        elif "enum" in choice:
            names.append(", ".join(f"`{value}`" for value in choice["enum"] if value is not None))
        elif choice.get("type") == "array":
            inner = choice.get("items", {})
            of = f" of {_type(inner, definitions)}" if inner.get("type") or "$ref" in inner else ""
            names.append(f"list{of}")
        elif choice.get("type") not in {"null", None}:
            kinds = choice["type"] if isinstance(choice["type"], list) else [choice["type"]]
            names.append(" or ".join(map(_plain, kinds)) + _limits(choice))
    return " or ".join(dict.fromkeys(names)) or "any"


def _plain(kind: str) -> str:
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, kind)


def _limits(choice: dict[str, Any]) -> str:
    low = choice.get("minLength", choice.get("minimum"))
    high = choice.get("maxLength", choice.get("maximum"))
    unit = " characters" if "minLength" in choice or "maxLength" in choice else ""
    if high is not None:
        return f" ({0 if low is None else low} to {high:,}{unit})"
    return f" (at least {low}{unit if low != 1 else unit[:-1]})" if low is not None else ""


def _output(spec: ActionSpec[Any]) -> Iterator[str]:
    properties: Any = spec.output.get("properties", {})
    if not properties:
        kinds: Any = spec.output["type"]
        is_empty = kinds == "object"
        yield "Output: an empty object." if is_empty else "Output: the payload, as it was given."
        yield ""
        return
    yield from ("| output | type | meaning |", "|---|---|---|")
    for name, field in properties.items():
        yield f"| `{name}` | {_type(field, {})} | {field.get('description', '')} |"
    yield ""
