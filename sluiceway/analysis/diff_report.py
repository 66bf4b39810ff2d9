"""A difference of flows for people and programs: text, Markdown for pull requests, JSON."""

from __future__ import annotations

import json
from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.analysis.diff import ABSENT, compare_flows
from sluiceway.analysis.references import rename_references

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sluiceway.analysis.diff import FlowDiff, Place, StepChange
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["FlowChange", "as_json", "as_lines", "as_markdown", "compare_sets"]

_SHORT: Final = 60
_CONTEXT: Final = 2
_ORDINALS: Final = {1: "first", 2: "second", 3: "third"}
_RENAMED: Final = 0.6


class FlowChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one flow: *before* or *after* is ``None`` where it came or went."""

    before: Flow | None
    after: Flow | None
    diff: FlowDiff | None = None

    @property
    def name(self) -> str:
        """The flow's name; the new one where it was renamed."""
        flow = self.after or self.before
        return flow.name if flow else ""

    def __bool__(self) -> bool:
        return self.before is None or self.after is None or bool(self.diff)


def compare_sets(before: Sequence[Flow], after: Sequence[Flow]) -> list[FlowChange]:
    """Pair the flows of two sets, by name first, and compare each pair; in the order of *after*.

    One that went and one that came are the same flow renamed where most of their steps are equal.
    Two single flows are compared whatever their names.
    """
    gone = list(before)
    pairs: list[tuple[Flow | None, Flow]] = []
    for flow in after:
        same = next((one for one in gone if one.name == flow.name), None)
        if same is not None:
            gone.remove(same)
        pairs.append((same, flow))
    is_single = len(before) == len(after) == 1
    for index, (one, flow) in enumerate(pairs):
        if one is None and gone:
            near = max(gone, key=lambda other: _likeness(other, flow))
            if is_single or _likeness(near, flow) >= _RENAMED:
                gone.remove(near)
                pairs[index] = (near, flow)
    changes = [
        FlowChange(before=one, after=flow, diff=compare_flows(one, flow) if one else None)
        for one, flow in pairs
    ]
    return [*changes, *(FlowChange(before=one, after=None) for one in gone)]


def _likeness(one: Flow, other: Flow) -> float:
    """Return which part of the steps of both flows stand in both, by id and content."""
    ours, theirs = _fingerprints(one), _fingerprints(other)
    total = len(ours | theirs)
    return len(ours & theirs) / total if total else 0.0


def _fingerprints(flow: Flow) -> set[tuple[str, str]]:
    return {
        (placed.action.id, json.dumps(placed.action.as_json(), sort_keys=True))
        for placed in flow.walk()
    }


def as_lines(change: FlowChange) -> Iterator[tuple[str, str]]:
    """Yield ``(mark, line)``: the mark is ``+``, ``-``, ``~``, ``>`` (moved), ``=`` (renamed)."""
    if change.before is None and change.after is not None:
        yield "+", f"the flow is new, with {_count(change.after)}"
        return
    if change.after is None and change.before is not None:
        yield "-", f"the flow is gone, with {_count(change.before)}"
        return
    diff = change.diff
    if diff is not None and change.before is not None:
        yield from _renames(change.before, diff)
        yield from _steps(diff)


def _renames(before: Flow, diff: FlowDiff) -> Iterator[tuple[str, str]]:
    if diff.name is not None:
        yield "=", f"the flow is renamed: {diff.name[0]!r} → {diff.name[1]!r}"
    for old, new in diff.renamed.items():
        count = _references(before, old, new)
        yield "=", f"renamed: {old} → {new}{f', with {count}' if count else ''}"


def _steps(diff: FlowDiff) -> Iterator[tuple[str, str]]:
    for own, place in diff.removed:
        yield "-", f"{own['id']}  {own['type']}/{own['action']}  {_where(place)}"
    for own, place in diff.added:
        yield "+", f"{own['id']}  {own['type']}/{own['action']}  {_where(place)}"
    for move in diff.moved:
        yield ">", f"{move.id} moved: {_where(move.before)} → {_where(move.after)}"
    for id_ in diff.swapped:
        yield "~", f"{id_}: then and else are swapped"
    for one in diff.changed:
        yield from _change_lines(one)


def _change_lines(change: StepChange) -> Iterator[tuple[str, str]]:
    name = change.pointer.removeprefix("/params").lstrip("/") or "params"
    head = f"{change.id}: {name}"
    if change.before is ABSENT:
        yield "~", f"{head} is new: {_shown(change.after)}"
    elif change.after is ABSENT:
        yield "~", f"{head} is gone: {_shown(change.before)}"
    elif _is_long_text(change):
        yield "~", head
        for line in text_diff(str(change.before), str(change.after)):
            yield " ", f"  {line}"
    else:
        yield "~", f"{head}: {_shown(change.before)} → {_shown(change.after)}"


def _is_long_text(change: StepChange) -> bool:
    texts = (change.before, change.after)
    return all(isinstance(text, str) for text in texts) and any(
        "\n" in str(text) or len(str(text)) > _SHORT for text in texts
    )


def text_diff(before: str, after: str) -> list[str]:
    """Return the lines that differ with a few around; of a single long line, the words."""
    if "\n" not in before and "\n" not in after:
        return _word_diff(before, after)
    lines = unified_diff(before.split("\n"), after.split("\n"), n=_CONTEXT, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++"))]


def _word_diff(before: str, after: str) -> list[str]:
    """Return the two lines, cut to where they differ."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    blocks = [block for block in matcher.get_opcodes() if block[0] != "equal"]
    if not blocks:
        return []
    start = max(0, min(min(block[1], block[3]) for block in blocks) - 20)
    old_end = min(len(before), blocks[-1][2] + 20)
    new_end = min(len(after), blocks[-1][4] + 20)
    head = "…" if start else ""
    return [
        f"-{head}{before[start:old_end]}{'…' if old_end < len(before) else ''}",
        f"+{head}{after[start:new_end]}{'…' if new_end < len(after) else ''}",
    ]


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 2 * _SHORT else f"{text[: 2 * _SHORT]}…"


def _where(place: Place) -> str:
    number = place.index + 1
    position = _ORDINALS.get(number, f"number {number}")
    return f"{position} in {place.branch} of {place.parent}" if place.parent else position


def _count(flow: Flow) -> str:
    steps = sum(1 for _ in flow.walk())
    return f"{steps} action{'' if steps == 1 else 's'}"


def _references(flow: Flow, old: str, new: str) -> str:
    """Return how many texts of *flow* a rename changes, as words."""
    count = sum(
        _changed(placed.action.params, rename_references(placed.action.params, {old: new}))
        for placed in flow.walk()
        if not placed.action.branches()
    )
    count += sum(
        _changed(placed.action.params.get("if"), rename_references(
            placed.action.params.get("if"), {old: new}))
        for placed in flow.walk()
        if placed.action.branches()
    )  # fmt: skip
    return f"{count} reference{'' if count == 1 else 's'}" if count else ""


def _changed(one: JsonValue, other: JsonValue) -> int:
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(_changed(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return sum(map(_changed, one, other))
    return int(one != other)


def as_json(change: FlowChange) -> JsonObject:
    """Return the change as JSON: what came, went, moved, was renamed, and each value."""
    status = "added" if change.before is None else "removed" if change.after is None else ""
    diff = change.diff
    shown: JsonObject = {
        "flow": change.name,
        "change": status or ("changed" if diff else "same"),
    }
    if diff is None or status:
        return shown
    shown["name"] = {"before": diff.name[0], "after": diff.name[1]} if diff.name else None
    shown["renamed"] = dict(diff.renamed)
    shown["removed"] = [{"action": own, "place": _place(place)} for own, place in diff.removed]
    shown["added"] = [{"action": own, "place": _place(place)} for own, place in diff.added]
    shown["moved"] = [
        {"id": move.id, "before": _place(move.before), "after": _place(move.after)}
        for move in diff.moved
    ]
    shown["swapped"] = list(diff.swapped)
    shown["changed"] = [_value_change(one) for one in diff.changed]
    return shown


def _place(place: Place) -> JsonObject:
    return {"parent": place.parent or None, "branch": place.branch or None, "index": place.index}


def _value_change(change: StepChange) -> JsonObject:
    shown: JsonObject = {"id": change.id, "pointer": change.pointer}
    # A key that is not there has no entry, which null would not tell.
    for name, value in (("before", change.before), ("after", change.after)):
        if value is None or isinstance(value, str | int | float | bool | list | dict):
            shown[name] = value
    return shown


def as_markdown(changes: Sequence[FlowChange]) -> str:
    """Return the changes as Markdown that reads well in a pull request."""
    different = [change for change in changes if change]
    if not different:
        return "No flow changed.\n"
    parts: list[str] = []
    for change in different:
        lines = list(as_lines(change))
        body = "\n".join(_diff_line(mark, line) for mark, line in lines)
        parts.append(f"### {_escaped(change.name or 'flow')}\n\n```diff\n{body}\n```\n")
    same = len(changes) - len(different)
    if same:
        parts.append(f"{same} flow{'' if same == 1 else 's'} unchanged.\n")
    return "\n".join(parts)


def _diff_line(mark: str, line: str) -> str:
    """Return a line that GitHub colours: what came and went; the rest stays plain."""
    if mark == " ":
        return line.removeprefix("  ").replace("```", "`` `")
    shown = {"~": "!", ">": "!", "=": "!"}.get(mark, mark)
    return f"{shown} {line}".replace("```", "`` `")


def _escaped(text: str) -> str:
    return "".join(
        f"\\{character}" if character in "\\`*_[]<>#" else character for character in text
    )
