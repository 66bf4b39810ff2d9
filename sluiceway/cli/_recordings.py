"""Executions as commands name them: ids, files of records, or the last of a flow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sluiceway.errors import DefinitionError
from sluiceway.rehearsal.recordings import load_recordings, parse_recording

if TYPE_CHECKING:
    from sluiceway.cli._remote import Api
    from sluiceway.rehearsal.recordings import Recording

__all__ = ["load_executions"]


async def load_executions(source: str, *, last: int = 0) -> list[Recording]:
    """Return the executions that *source* names.

    Args:
        source: an id like ``afe_…``, a file or folder of records, or a flow's id or name.
        last: how many of a flow's executions, the newest.

    Raises:
        DefinitionError: there is none.
        NotFound: the database has no execution of that id.
    """
    path = Path(source)
    if path.exists():  # noqa: ASYNC240 - nothing else runs in a command
        return load_recordings(path)
    from sluiceway.cli._flow_sets import load_tenant  # noqa: PLC0415 - only for the database
    from sluiceway.cli._remote import open_api  # noqa: PLC0415
    from sluiceway.cli._session import current_settings  # noqa: PLC0415

    async with open_api(current_settings()) as api:
        if source.startswith("afe_"):
            return [await _load(api, source)]
        flow = (await load_tenant(api)).pick(source)
        query: dict[str, str | int] = {"flow_id": flow.id, "take": last or 1}
        listed = await api.call("GET", "/sluiceway/v1/executions", query=query)
        found = [await _load(api, str(one["id"])) for one in listed["executions"]]
    if not found:
        raise DefinitionError(f"expected executions of {flow.flow.name!r}, found none")
    return found


async def _load(api: Api, id_: str) -> Recording:
    path = f"/sluiceway/v1/executions/{quote(id_, safe='')}"
    return parse_recording(await api.call("GET", path, query={"hydrate": "debug"}), source=id_)
