"""``/sluiceway/v1/search``: text in any field of any flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.route import Call, Param, Route
from sluiceway.management import flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.models.flow import Action
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_PAGE: Final = 100
_AROUND: Final = 40
_BRANCHES: Final = ("then", "else")


async def _search(call: Call) -> JsonObject:
    words: str = call.query["q"].strip().casefold()
    take: int = call.query["take"]
    environment = call.services.tenant.environment
    hits: list[JsonValue] = []
    offset = 0
    while words:
        page = await flows.load_flows(environment, offset=offset, limit=_PAGE)
        for flow in page:
            for placed in flow.walk():
                found = next(_hits(placed.action, words), None)
                if found is None:
                    continue
                if len(hits) == take:
                    return {"steps": hits, "more": True}
                shown: JsonObject = {
                    "flow": {"id": flow.id, "name": flow.name},
                    "id": placed.action.id,
                    "alias": placed.action.alias,
                    "type": placed.action.type,
                    "action": placed.action.action,
                    "field": found[0],
                    "text": found[1],
                }
                hits.append(shown)
        offset += len(page)
        if len(page) < _PAGE:
            break
    return {"steps": hits, "more": False}


def _hits(action: Action, words: str) -> Iterator[tuple[str, str]]:
    """Yield ``(field, the text around what was found)`` of the step itself."""
    own = {"id": action.id, "alias": action.alias}
    branches = _BRANCHES if action.branches() else ()
    params = {name: value for name, value in action.params.items() if name not in branches}
    for field, text in _texts({**own, **params}, ""):
        at = text.casefold().find(words)
        if at >= 0:
            start = max(0, at - _AROUND)
            end = at + len(words) + _AROUND
            shown = text[start:end]
            yield field, f"{'…' if start else ''}{shown}{'…' if end < len(text) else ''}"


def _texts(value: JsonValue, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{field}.{name}" if field else name
            yield here, name
            yield from _texts(inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{field}.{index}")
    elif isinstance(value, str):
        yield field, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield field, str(value)


ROUTES: Final = (
    Route(
        method="GET",
        path="/sluiceway/v1/search",
        handle=_search,
        summary="Find steps of any flow by text in any of their fields",
        scopes=("read:flows",),
        query=(
            Param(name="q", is_required=True, shortest=2, longest=200),
            Param(name="take", type="integer", default=30, minimum=1, maximum=100),
        ),
        tag="flows",
    ),
)
