"""Which steps that went are steps that came: under another id, and perhaps edited, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from sluiceway.analysis.likeness import likeness
from sluiceway.analysis.references import blank_references, rename_references
from sluiceway.analysis.steps import renamed_place, renamed_step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sluiceway.analysis.steps import Place, Step
    from sluiceway.models.json import JsonObject

__all__ = ["find_renames"]

# Half of the params are the same: less, and it reads as another step in the old one's place.
_LIKE: Final = 0.5
# How far apart two may stand behind the same neighbour: room for steps put in or taken out.
_NEAR: Final = 3


def find_renames(old: Mapping[str, Step], new: Mapping[str, Step]) -> dict[str, str]:
    """Return the new ids of steps of *old*: first of those that are the same but for the id."""
    renamed = _same_but_for_id(old, new)
    # From the outside in: a condition's new name tells where the steps of its branches stood.
    while found := _edited(old, new, renamed):
        renamed |= found
    return {id_: renamed[id_] for id_ in old if id_ in renamed}


def _same_but_for_id(old: Mapping[str, Step], new: Mapping[str, Step]) -> dict[str, str]:
    """Pair steps that agree once references are renamed; the same place before any other."""
    gone = [id_ for id_ in old if id_ not in new]
    came: dict[str, list[str]] = {}
    for id_ in new:
        if id_ not in old:
            came.setdefault(_fingerprint(new[id_].own), []).append(id_)
    renamed: dict[str, str] = {}
    for is_same_place in (True, False):
        for one in gone:
            candidates = came.get(_fingerprint(old[one].own), []) if one not in renamed else []
            for other in candidates:
                is_near = not is_same_place or old[one].place.index == new[other].place.index
                if is_near and _agree(old[one].own, new[other].own, {**renamed, one: other}):
                    renamed[one] = other
                    candidates.remove(other)
                    break
    return renamed


def _fingerprint(own: JsonObject) -> str:
    """Return what a renamed step keeps, so that few pairs need be looked at closely."""
    kept = {key: value for key, value in own.items() if key != "id"}
    return json.dumps(blank_references(kept), sort_keys=True)


def _agree(old: JsonObject, new: JsonObject, renames: Mapping[str, str]) -> bool:
    """Tell whether the two agree but for the id."""
    return rename_references({**old, "id": new["id"]}, renames) == new


class _Spot(NamedTuple):
    """A place among those steps of its list that both flows have."""

    parent: str
    branch: str
    after: str
    nth: int


def _edited(
    old: Mapping[str, Step], new: Mapping[str, Step], renamed: Mapping[str, str]
) -> dict[str, str]:
    """Pair steps where one stands in another's place and is much like it, the likest first."""
    pairs = sorted(_alike(old, new, renamed), key=lambda pair: -pair[0])
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, one, other in pairs:
        if one not in found and other not in taken:
            found[one] = other
            taken.add(other)
    return found


def _alike(
    old: Mapping[str, Step], new: Mapping[str, Step], renamed: Mapping[str, str]
) -> Iterator[tuple[float, str, str]]:
    """Yield ``(likeness, id before, id after)`` of the unpaired that stand near each other."""
    paired = set(renamed.values())
    before = {renamed.get(id_, id_): renamed_place(one.place, renamed) for id_, one in old.items()}
    after = {id_: step.place for id_, step in new.items()}
    places: dict[Place, str] = {}
    spots: dict[_Spot, str] = {}
    for id_, spot in _spots(after, before).items():
        if id_ not in old and id_ not in paired:
            places[after[id_]] = spots[spot] = id_
    for id_, spot in _spots(before, after).items() if places else ():
        near = [spot._replace(nth=spot.nth + by) for by in range(-_NEAR, _NEAR + 1)]
        found = (places.get(before[id_]), *map(spots.get, near)) if id_ not in new else ()
        for other in filter(None, dict.fromkeys(found)):
            score = likeness(renamed_step(old[id_], renamed).own, new[other].own)
            if score >= _LIKE:
                yield score, id_, other


def _spots(places: Mapping[str, Place], kept: Collection[str]) -> dict[str, _Spot]:
    """Return where each stands behind the last one before it that is *kept*."""
    found: dict[str, _Spot] = {}
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for id_, place in places.items():
        where = (place.parent, place.branch)
        after, nth = last.get(where, ("", 0))
        found[id_] = _Spot(*where, after, nth)
        last[where] = (id_, 0) if id_ in kept else (after, nth + 1)
    return found
