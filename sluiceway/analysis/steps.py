"""The steps of a flow by id, each apart from its branches, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.analysis.references import rename_references

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonArray, JsonObject, JsonValue

__all__ = ["Place", "Step", "branches_of", "renamed_place", "renamed_step", "steps_of"]

_BRANCHES: Final = ("then", "else")


class Place(msgspec.Struct, frozen=True):
    """Where a step stands: in a branch of a condition, or in the flow itself (*parent* empty)."""

    parent: str
    branch: str
    index: int


class Step(msgspec.Struct, frozen=True):
    """An action without its branches, and where it stands."""

    own: JsonObject
    place: Place


def steps_of(flow: Flow) -> dict[str, Step]:
    """Return the steps of *flow* in the order written, those of branches after their condition."""
    return dict(_flatten(flow.as_json()["actions"], "", ""))


def _flatten(actions: JsonValue, parent: str, branch: str) -> Iterator[tuple[str, Step]]:
    if not isinstance(actions, list):
        return
    for index, action in enumerate(actions):
        if not isinstance(action, dict):
            continue
        id_ = str(action["id"])
        params, own = action.get("params"), dict(action)
        nested = branches_of(action)
        if isinstance(params, dict) and nested:
            own["params"] = {key: value for key, value in params.items() if key not in nested}
        yield id_, Step(own, Place(parent, branch, index))
        for name, children in nested.items():
            yield from _flatten(children, id_, name)


def branches_of(action: JsonObject) -> dict[str, JsonArray]:
    """Return the branches of a condition that are there; of another action none."""
    params = action.get("params")
    if action.get("action") != "BOOLEAN_CONDITION" or not isinstance(params, dict):
        return {}
    return {
        name: children
        for name, children in params.items()
        if name in _BRANCHES and isinstance(children, list)
    }


def renamed_step(step: Step, renames: Mapping[str, str]) -> Step:
    """Return *step* as it is once ids are renamed: its own, its parent's, those it refers to."""
    own = rename_references(step.own, renames)
    assert isinstance(own, dict)  # noqa: S101 - an object stays an object; this tells the type checker
    own["id"] = renames.get(str(own["id"]), str(own["id"]))
    return Step(own, renamed_place(step.place, renames))


def renamed_place(place: Place, renames: Mapping[str, str]) -> Place:
    """Return *place* as it is called once ids are renamed."""
    return Place(renames.get(place.parent, place.parent), place.branch, place.index)
