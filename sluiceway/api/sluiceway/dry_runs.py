"""``/sluiceway/v1/dry-runs``: a flow run to see its way, with nothing called and nothing sent.

It runs on a stage in memory. Expressions are resolved, conditions decided, messages rendered; what
would call a tenant or a service gives the output that *outputs* has for it (pinned, or last seen),
else a made-up one of the action's shape. The answer is an execution record that is not kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.analysis.sample_context import SAMPLE_CONTEXT
from sluiceway.api.route import Call, Route
from sluiceway.management.fields import OPEN, closed, text
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.flow import Flow
from sluiceway.rehearsal.mocks import Mocks, StepMock

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionSpec
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES", "stand_ins"]

_STAYS_INSIDE: Final = frozenset({"FLOW", "JSON", "XML", "OTP", "JWT"})
_NOTIFIES: Final = frozenset({"AUTH0/SEND_EMAIL", "AUTH0/SEND_SMS", "AUTH0/MAKE_CALL"})
_USERS: Final = {"AUTH0/CREATE_USER": 201, "AUTH0/GET_USER": 200, "AUTH0/UPDATE_USER": 200}
_REQUEST: Final = closed(
    {
        "context": OPEN,
        "fields": OPEN,
        "vars": OPEN,
        "flow": {"type": ["object", "array"], "description": "The flow as an editor has it."},
        "flow_id": text(100),
        "outputs": {**OPEN, "description": "What stands in for steps, by id."},
    },
    "flow",
)


async def _run(call: Call) -> JsonObject:
    from sluiceway.api.app import build_app  # noqa: PLC0415 - it finds this module
    from sluiceway.api.services import Services  # noqa: PLC0415 - likewise
    from sluiceway.rehearsal.stage import open_stage  # noqa: PLC0415 - heavy, only here

    body: Any = call.body
    flow = Flow.from_json(body["flow"], name="Unsaved flow", at="/flow")
    given: JsonObject = body.get("outputs") or {}
    actions = call.services.need_actions()
    mocks = stand_ins(flow, {p.action.name: _spec(actions, p) for p in flow.walk()}, given)
    input_ = ExecutionInput(
        context=body.get("context") or {},
        fields=body.get("fields") or {},
        vars=body.get("vars") or {},
    )
    async with open_stage(
        make_api=lambda application: build_app(Services(tenant=application.tenant))
    ) as stage:
        await stage.reset(at=call.services.tenant.environment.now())
        run = await stage.run(flow, input_, mocks=Mocks(mocks), outputs=given)
    stood_in: list[JsonValue] = [*sorted(mocks.keys() & set(run.path))]
    shown: JsonObject = {"id": body.get("flow_id", ""), "name": flow.name, "version": 0}
    return {**run.record, "flow": shown, "dry_run": True, "stood_in": stood_in}


def _spec(actions: Any, placed: Any) -> ActionSpec[Any] | None:
    found: ActionSpec[Any] | None = actions.find(placed.action.type, placed.action.action)
    return found


def stand_ins(
    flow: Flow, specs: dict[str, ActionSpec[Any] | None], given: JsonObject
) -> dict[str, list[StepMock]]:
    """Return what stands in for each step of *flow* that reaches outside, by the step's id."""
    found: dict[str, list[StepMock]] = {}
    for placed in flow.walk():
        action = placed.action
        if action.type in _STAYS_INSIDE or action.name in _NOTIFIES:
            continue
        output = given.get(action.id)
        if output is None:
            output = _made_up(action.name, specs.get(action.name))
        found[action.id] = [StepMock(output=output)]
    return found


def _made_up(name: str, spec: ActionSpec[Any] | None) -> JsonValue:
    if name in _USERS:
        body = SAMPLE_CONTEXT["user"]
        return {"status": _USERS[name], "headers": {}, "body": body, "success": True}
    return _sample(spec.output) if spec is not None else {}


def _sample(schema: JsonValue) -> JsonValue:
    """Return a value of the schema's shape."""
    if not isinstance(schema, dict):
        return {}
    match schema.get("type"):
        case "integer" | "number":
            return 200
        case "boolean":
            return True
        case "string":
            return "sample"
        case "array":
            return []
        case _:
            properties = schema.get("properties")
            named = properties if isinstance(properties, dict) else {}
            return {key: _sample(value) for key, value in named.items()}


ROUTES: Final = (
    Route(
        method="POST",
        is_pure=True,
        path="/sluiceway/v1/dry-runs",
        handle=_run,
        summary="Run a flow with nothing called and nothing sent",
        scopes=("create:flows_executions",),
        body=_REQUEST,
        tag="executions",
    ),
)
