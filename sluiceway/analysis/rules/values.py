"""SLW4xx: what is written to users: metadata that an undefined value deletes, stray quotes."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.comparisons import has_stray_quotes, without_quotes
from sluiceway.analysis.findings import Edit, Finding, Rule, RuleFamily, Severity
from sluiceway.errors import ExpressionSyntaxError
from sluiceway.expressions.nodes import Access, Coalesce, Root
from sluiceway.models.json_text import escape_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.view import FlowView, Step
    from sluiceway.expressions.nodes import Node
    from sluiceway.models.json import JsonValue

__all__ = ["FAMILY"]

_METADATA: Final = ("user_metadata", "app_metadata")
_USER_ACTIONS: Final = {
    ("AUTH0", "UPDATE_USER"): "changes",
    ("AUTH0", "CREATE_USER"): "payload",
    ("FLOW", "STORE_VARS"): "vars",
}
_ALWAYS_THERE: Final = frozenset({"user_id", "created_at", "updated_at", "identities"})


class _Undefined(Enum):
    """Whether a value may be undefined, as far as is known."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"


def check(view: FlowView) -> Iterator[Finding]:
    """Yield what would be written otherwise than meant."""
    for step in view.steps:
        param = _USER_ACTIONS.get((step.type, step.action))
        if param is not None:
            yield from _quotes(step, f"{step.at}/params/{param}", step.params.get(param))
        if step.action == "UPDATE_USER":
            yield from _deletions(view, step)


def _quotes(step: Step, at: str, value: JsonValue) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _quotes(step, f"{at}/{escape_pointer(key)}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _quotes(step, f"{at}/{index}", item)
    elif isinstance(value, str) and has_stray_quotes(value):
        bare = without_quotes(value)
        yield step.finding(
            "SLW401",
            Severity.WARNING,
            "the quotes are a part of the text, and are stored with it",
            at=at,
            hint="Remove the quotes around the value.",
            edit=Edit(at, bare),
        )


def _deletions(view: FlowView, step: Step) -> Iterator[Finding]:
    for text in step.texts:
        is_key = text.param == "changes" and len(text.path) == 2 and text.path[0] in _METADATA  # noqa: PLR2004 - metadata, key
        if not is_key or isinstance(text.template, ExpressionSyntaxError):
            continue
        whole = text.template.whole
        certainty = _may_be_undefined(whole.node, view) if whole else _Undefined.NO
        if certainty is _Undefined.NO:
            continue
        name = ".".join(text.path)
        is_known = certainty is _Undefined.YES
        yield step.finding(
            "SLW402",
            Severity.WARNING if is_known else Severity.INFO,
            f"where this is undefined, {name} is deleted",
            at=text.pointer,
            inner=(1, 1),
            hint=f"Write a default: {{{{ {_path(whole.node) if whole else '…'} ?? '' }}}}; "
            "or put the update behind a condition.",
        )


def _may_be_undefined(node: Node, view: FlowView) -> _Undefined:
    match node:
        case Coalesce(parts=(*_, last)):
            return _may_be_undefined(last, view)
        case Access(base=Root(name="fields"), steps=(str(name),)):
            return _field(name, view)
        case Access(base=Root(name="vars"), steps=(str(name), *_)):
            inputs = view.facts.inputs
            stored = any(name in _stored(step) for step in view.steps)
            is_given = inputs is not None and name in inputs.vars
            return _Undefined.NO if stored or is_given else _Undefined.UNKNOWN
        case Access(base=Root(name="context"), steps=("user", str(name), *rest)):
            if name in _METADATA and rest:
                return _Undefined.YES
            return _Undefined.NO if name in _ALWAYS_THERE else _Undefined.UNKNOWN
        case Access(base=Root(name="fields" | "context")):
            return _Undefined.UNKNOWN
        case _:
            # What actions give has rules of its own (SLW204, SLW205, SLW206).
            return _Undefined.NO


def _field(name: str, view: FlowView) -> _Undefined:
    form, inputs = view.facts.form, view.facts.inputs
    if inputs is not None and inputs.fields:
        return _Undefined.NO if name in inputs.fields else _Undefined.YES
    if form is None or name not in form.fields:
        return _Undefined.UNKNOWN
    return _Undefined.NO if form.fields[name] else _Undefined.YES


def _stored(step: Step) -> tuple[str, ...]:
    stored = step.params.get("vars") if step.action == "STORE_VARS" else None
    return tuple(stored) if isinstance(stored, dict) else ()


def _path(node: Node) -> str:
    if isinstance(node, Access) and isinstance(node.base, Root):
        return ".".join([node.base.name, *(step for step in node.steps if isinstance(step, str))])
    return "…"


FAMILY: Final = RuleFamily(
    name="values",
    title="Values",
    check=check,
    rules=(
        Rule(
            code="SLW402",
            title="Undefined value that deletes metadata",
            severity=Severity.WARNING,
            meaning="An undefined value becomes null, and null under user_metadata or "
            "app_metadata deletes the key. It is a warning where the value is known to be "
            "missing at times (an optional field of the form, a user's metadata), else a note.",
            fix="Give the value a default with `??`, or put the update behind a condition.",
        ),
    ),
)
