"""Two flows compared by meaning: which steps came, went, moved, changed their name or params.

Steps are matched by id; of those left over, a step that went and one that came are the same step
renamed where everything else about them agrees once references are renamed too, or where one stands
in the other's place and most of its params agree. A difference can be applied:
``apply_diff(before, compare_flows(before, after)) == after``, key order apart.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.analysis.renames import find_renames
from sluiceway.analysis.steps import Place, Step, branches_of, renamed_step, steps_of
from sluiceway.discreet import Discreet
from sluiceway.models.flow import Flow
from sluiceway.models.json_text import escape_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sluiceway.models.json import JsonArray, JsonObject, JsonValue

__all__ = [
    "ABSENT",
    "FlowDiff",
    "Outline",
    "Place",
    "StepChange",
    "StepMove",
    "apply_diff",
    "compare_flows",
]


class _Absent:
    """Stands for a key that is not there, which null is not."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


class StepChange(msgspec.Struct, frozen=True):
    """One value of a step that differs; *pointer* is in the action, like ``/params/user_id``."""

    id: str
    pointer: str
    before: JsonValue | _Absent
    after: JsonValue | _Absent


class StepMove(msgspec.Struct, frozen=True):
    """A step that stands elsewhere among the others; by the ids of the flow after."""

    id: str
    before: Place
    after: Place


class Outline(msgspec.Struct, frozen=True):
    """The tree of ids of a flow: what stands where. *branches* are in the order written."""

    id: str
    branches: tuple[tuple[str, tuple[Outline, ...]], ...] = ()


class FlowDiff(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What differs. Ids are those of the flow after, but in *removed* and *renamed*'s keys."""

    withheld = frozenset({"outline"})

    name: tuple[str, str] | None = None
    renamed: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    removed: tuple[tuple[JsonObject, Place], ...] = ()
    added: tuple[tuple[JsonObject, Place], ...] = ()
    moved: tuple[StepMove, ...] = ()
    swapped: tuple[str, ...] = ()
    changed: tuple[StepChange, ...] = ()
    outline: tuple[Outline, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.name
            or self.renamed
            or self.removed
            or self.added
            or self.moved
            or self.swapped
            or self.changed
        )


def compare_flows(before: Flow, after: Flow) -> FlowDiff:
    """Return what leads from *before* to *after*; falsy where they mean the same."""
    old, new = steps_of(before), steps_of(after)
    renamed = find_renames(old, new)
    old_as_new = {renamed.get(id_, id_): renamed_step(step, renamed) for id_, step in old.items()}
    kept = [id_ for id_ in new if id_ in old_as_new]
    swapped = tuple(id_ for id_ in kept if _is_swapped(id_, old_as_new, new))
    changes: list[StepChange] = []
    for id_ in kept:
        _compare_values(id_, "", old_as_new[id_].own, new[id_].own, changes)
    return FlowDiff(
        name=(before.name, after.name) if before.name != after.name else None,
        renamed=renamed,
        removed=tuple(
            (step.own, step.place) for id_, step in old.items() if renamed.get(id_, id_) not in new
        ),
        added=tuple((step.own, step.place) for id_, step in new.items() if id_ not in old_as_new),
        moved=tuple(_find_moves(old_as_new, new, swapped)),
        swapped=swapped,
        changed=tuple(changes),
        outline=_outline(after.as_json()["actions"]),
    )


def apply_diff(before: Flow, diff: FlowDiff) -> Flow:
    """Return the flow that *diff* leads to from *before*."""
    own = {
        diff.renamed.get(id_, id_): renamed_step(step, diff.renamed).own
        for id_, step in steps_of(before).items()
    }
    own |= {str(step["id"]): step for step, _ in diff.added}
    for change in diff.changed:
        own[change.id] = _with_value(own[change.id], change)
    name = diff.name[1] if diff.name else before.name
    return Flow.from_json({"name": name, "actions": _build(diff.outline, own)})


def _outline(actions: JsonValue) -> tuple[Outline, ...]:
    if not isinstance(actions, list):
        return ()
    return tuple(
        Outline(
            str(action["id"]),
            tuple((name, _outline(children)) for name, children in branches_of(action).items()),
        )
        for action in actions
        if isinstance(action, dict)
    )


def _build(outlines: tuple[Outline, ...], own: Mapping[str, JsonObject]) -> JsonArray:
    actions: JsonArray = []
    for outline in outlines:
        action = dict(own[outline.id])
        if outline.branches:
            params = action.get("params")
            built: JsonObject = dict(params) if isinstance(params, dict) else {}
            built |= {name: _build(children, own) for name, children in outline.branches}
            action["params"] = built
        actions.append(action)
    return actions


def _is_swapped(id_: str, old: Mapping[str, Step], new: Mapping[str, Step]) -> bool:
    before, after = _children(id_, old), _children(id_, new)
    return (
        before["then"] != before["else"]
        and before["then"] == after["else"]
        and before["else"] == after["then"]
    )


def _children(id_: str, steps: Mapping[str, Step]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"then": [], "else": []}
    for child, step in steps.items():
        if step.place.parent == id_ and step.place.branch in found:
            found[step.place.branch].append(child)
    return found


def _find_moves(
    old: Mapping[str, Step], new: Mapping[str, Step], swapped: tuple[str, ...]
) -> Iterator[StepMove]:
    """Yield the fewest steps that must move so that those kept stand as they do after."""
    lists: dict[tuple[str, str], list[str]] = {}
    for id_, step in new.items():
        if id_ not in old or step.place.parent in swapped:
            continue
        before = old[id_].place
        if (before.parent, before.branch) == (step.place.parent, step.place.branch):
            lists.setdefault((before.parent, before.branch), []).append(id_)
        else:
            yield StepMove(id_, before, step.place)
    for ids in lists.values():
        still = _longest_rise([old[id_].place.index for id_ in ids])
        for position, id_ in enumerate(ids):
            if position not in still:
                yield StepMove(id_, old[id_].place, new[id_].place)


def _longest_rise(numbers: list[int]) -> set[int]:
    """Return the positions of a longest rising subsequence (patience sorting)."""
    ends: list[int] = []
    positions: list[int] = []
    before: list[int | None] = []
    for position, number in enumerate(numbers):
        pile = bisect_left(ends, number)
        before.append(positions[pile - 1] if pile else None)
        ends[pile : pile + 1] = [number]
        positions[pile : pile + 1] = [position]
    found: set[int] = set()
    last = positions[-1] if positions else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found


def _compare_values(
    id_: str,
    pointer: str,
    before: JsonValue,
    after: JsonValue,
    changes: list[StepChange],
) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            here = f"{pointer}/{escape_pointer(key)}"
            if key in before and key in after:
                _compare_values(id_, here, before[key], after[key], changes)
            else:
                changes.append(
                    StepChange(id_, here, before.get(key, ABSENT), after.get(key, ABSENT))
                )
    elif not _is_same(before, after):
        changes.append(StepChange(id_, pointer, before, after))


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    """Deep equality in which true is not 1 and 1 is 1.0, as JSON has it."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    return one == other


def _with_value(action: JsonObject, change: StepChange) -> JsonObject:
    return _put(action, change.pointer.split("/")[1:], change.after)


def _put(value: JsonObject, keys: list[str], new: JsonValue | _Absent) -> JsonObject:
    key = keys[0].replace("~1", "/").replace("~0", "~")
    result = dict(value)
    if len(keys) > 1:
        below = result[key]
        result[key] = _put(below, keys[1:], new) if isinstance(below, dict) else below
    elif isinstance(new, _Absent):
        del result[key]
    else:
        result[key] = new
    return result
