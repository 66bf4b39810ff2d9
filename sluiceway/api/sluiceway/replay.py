"""``POST /sluiceway/v1/replay``: recorded executions against an edited flow; sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.analysis.package_files import package_of
from sluiceway.analysis.packages import flows_of
from sluiceway.analysis.sources import parse_source
from sluiceway.api.route import Call, Route
from sluiceway.errors import InvalidRequest
from sluiceway.management import flows
from sluiceway.management.fields import OPEN, closed, text
from sluiceway.rehearsal.mock_documents import parse_mocks
from sluiceway.rehearsal.recordings import parse_recording
from sluiceway.rehearsal.replay import replay_execution
from sluiceway.rehearsal.stage import open_stage

if TYPE_CHECKING:
    from sluiceway.bootstrap import Application
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.recordings import Recording

__all__ = ["ROUTES"]

_MOST: Final = 100
_REQUEST: Final = closed(
    {
        "execution_ids": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": _MOST,
            "description": "Executions of this server.",
        },
        "executions": {
            "type": "array",
            "items": {"type": "object"},
            "maxItems": _MOST,
            "description": "Records with debug, ours or Auth0's.",
        },
        "flow": {
            "type": ["object", "array"],
            "description": "The edited flow; the one with flow_id as it is now without it.",
        },
        "flow_id": text(30),
        "mocks": {**OPEN, "description": "steps and http, as in test cases."},
    }
)


async def _replay(call: Call) -> JsonObject:
    body: Any = call.body
    recordings = await _recordings(call, body)
    flow = await _flow(call, body)
    replays: list[JsonValue] = []
    same = 0
    async with open_stage(make_api=_make_api) as stage:
        for recording in recordings:
            mocks = parse_mocks(body.get("mocks"))
            replay = await replay_execution(stage, recording, flow, mocks=mocks)
            same += not replay.differs
            replays.append(replay.as_json())
    return {"replays": replays, "summary": {"executions": len(replays), "same": same}}


def _make_api(application: Application) -> Any:
    from sluiceway.api.app import build_app  # noqa: PLC0415 - it imports this module
    from sluiceway.api.services import Services  # noqa: PLC0415 - as above

    return build_app(Services(tenant=application.tenant))


async def _recordings(call: Call, body: Any) -> list[Recording]:
    found: list[Recording] = []
    ids: list[str] = body.get("execution_ids") or []
    records: list[JsonValue] = body.get("executions") or []
    for id_ in ids:
        record = await call.services.need_executions().get(id_, debug=True)
        found.append(parse_recording(record, source=id_))
    found += [
        parse_recording(given, source=f"executions/{number}")
        for number, given in enumerate(records)
    ]
    if not found:
        raise InvalidRequest("Payload validation error: 'Expected execution_ids or executions'.")
    return found


async def _flow(call: Call, body: Any) -> Flow:
    environment = call.services.tenant.environment
    given = body.get("flow")
    if given is None:
        if body.get("flow_id") is None:
            raise InvalidRequest("Payload validation error: 'Expected flow or flow_id'.")
        return await flows.load_flow(environment, body["flow_id"])
    sources = parse_source(msgspec.json.encode(given), "", "flow")
    found = flows_of(package_of(sources, name="flow"))
    if len(found) != 1:
        raise InvalidRequest(f"Payload validation error: 'Expected one flow, found {len(found)}'.")
    return found[0]


ROUTES: Final = (
    Route(
        method="POST",
        is_pure=True,
        path="/sluiceway/v1/replay",
        handle=_replay,
        summary="Run recorded executions against an edited flow; nothing is sent",
        scopes=("read:flows_executions",),
        body=_REQUEST,
        tag="executions",
    ),
)
