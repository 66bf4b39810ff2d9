"""Flows as commands name them: a file, a folder, or what the database has by id or name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.errors import DefinitionError
from sluiceway.models.flow import Flow
from sluiceway.models.flow_files import FlowEntry, load_flow_bundle
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.actions.catalogue import ActionCatalogue
    from sluiceway.bootstrap import Application
    from sluiceway.models.flow_files import ConnectionStub

__all__ = ["find_flow", "load_stored_flow", "refuse_problems"]

_KIND = "flow"
_MOST = 500


def find_flow(path: Path, name: str | None) -> tuple[FlowEntry, dict[str, ConnectionStub]]:
    """Return the flow of a file or folder, and the connections beside it.

    Raises:
        DefinitionError: there is no such flow.
    """
    bundle = load_flow_bundle(path)
    return bundle.pick(name), bundle.connections


async def load_stored_flow(application: Application, id_or_name: str) -> FlowEntry:
    """Return a flow of the database.

    Raises:
        DefinitionError: there is none of that id or name.
    """
    documents = application.store.documents
    found = await documents.get(_KIND, id_or_name)
    if found is None:
        rows = await documents.list(_KIND, limit=_MOST)
        found = next((row for row in rows if row.body.get("name") == id_or_name), None)
        if found is None:
            names = [str(row.body.get("name")) for row in rows]
            raise DefinitionError(
                f"expected a file, or a flow of the database, found no {id_or_name!r}",
                hint=did_you_mean(id_or_name, names) or "See: sluiceway flows list",
            )
    flow = Flow.from_json({**found.body, "id": found.id})
    return FlowEntry(flow=flow, token=flow.name, at=id_or_name)


def refuse_problems(entry: FlowEntry, actions: ActionCatalogue) -> None:
    """Check a flow before it runs; the first problem is told, and how many more there are.

    Raises:
        DefinitionError: the flow cannot run; ``at`` is ``file#pointer``.
    """
    from sluiceway.actions.validation import validate_flow  # noqa: PLC0415 - when used

    problems = validate_flow(entry.flow, actions)
    if not problems:
        return
    first, more = problems[0], len(problems) - 1
    rest = f"{more} more: sluiceway check says which." if more else ""
    hint = f"{first.hint} {rest}".strip()
    raise DefinitionError(first.message, at=entry.place(first.at), hint=hint)
