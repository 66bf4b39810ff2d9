"""Run cases on a stage, and say what was otherwise than expected."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import UNSET

from sluiceway.errors import SluicewayError, UsageError
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.timestamps import parse_timestamp
from sluiceway.rehearsal.matching import compare
from sluiceway.rehearsal.mock_documents import mocks_of
from sluiceway.testing.case_files import load_flow
from sluiceway.testing.coverage import FlowCoverage
from sluiceway.testing.tenants import check_tenant, fill_tenant

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.stage import Rehearsed, Stage
    from sluiceway.testing.case_files import CaseToRun
    from sluiceway.testing.cases import Case, Expected

__all__ = ["CaseResult", "run_case"]


class CaseResult(msgspec.Struct, kw_only=True):
    """What came of one case.

    Attributes:
        problems: what was otherwise than expected; the case passed where there is none.
        broken: why the case could not be run at all.
        skipped: why it was not run.
        snapshot: what the case shows, where it keeps a snapshot.
    """

    id: str
    file: str
    name: str
    seconds: float = 0.0
    problems: list[str] = msgspec.field(default_factory=list[str])
    broken: str = ""
    skipped: str = ""
    coverage: FlowCoverage | None = None
    snapshot: JsonObject | None = None

    @property
    def passed(self) -> bool:
        """Whether it ran and all was as expected."""
        return not (self.problems or self.broken or self.skipped)


async def run_case(stage: Stage, one: CaseToRun) -> CaseResult:
    """Run one case on a cleared stage."""
    result = CaseResult(id=one.id, file=str(one.file), name=one.case.name)
    if one.case.skip is not None:
        result.skipped = one.case.skip
        return result
    began = time.perf_counter()
    try:
        flow, at = load_flow(one)
        run = await _rehearse(stage, one.case, flow)
        result.problems = [*_unknown_steps(one.case, flow), *_check(one.case.expect, run)]
        result.problems += await check_tenant(stage, one.case.expect.tenant)
        result.coverage = FlowCoverage.of(flow, run, file=at)
        if one.case.snapshot:
            result.snapshot = snapshot_of(run)
    except SluicewayError as error:
        hint = f" {error.hint}" if error.hint else ""
        place = f" (at {error.at})" if error.at else ""
        result.broken = f"{error.code}: {error.message}{place}.{hint}"
    result.seconds = time.perf_counter() - began
    return result


async def _rehearse(stage: Stage, case: Case, flow: Flow) -> Rehearsed:
    await stage.reset(at=_moment(case.clock), seed=case.seed)
    await fill_tenant(stage, case.tenant)
    providers = {str(channel): enabled for channel, enabled in case.tenant.providers.items()}
    return await stage.run(
        flow,
        ExecutionInput(context=case.context, fields=case.fields, vars=case.vars),
        mocks=mocks_of(case.mocks),
        setups=case.connections,
        providers=providers,
    )


def _moment(text: str) -> datetime:
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise UsageError(f"clock: {error}") from error


def _unknown_steps(case: Case, flow: Flow) -> list[str]:
    """A misspelt id must not make a case pass for nothing."""
    ids = {placed.action.id for placed in flow.walk()}
    expect = case.expect
    named = [*expect.runs, *expect.skips, *expect.branches, *expect.params, *expect.outputs]
    named += [*(expect.path or []), *case.mocks.steps]
    return [f"the flow has no step {id_!r}" for id_ in dict.fromkeys(named) if id_ not in ids]


def _check(expect: Expected, run: Rehearsed) -> list[str]:
    problems: list[str] = []
    if expect.status is not None and run.status != expect.status:
        problems.append(f"status: expected {expect.status}, found {run.status}{_why(run)}")
    elif expect.status is None and expect.error is None and run.status != "COMPLETED":
        problems.append(f"status: expected COMPLETED, found {run.status}{_why(run)}")
    if expect.path is not None and run.path != expect.path:
        problems.append(
            f"path: expected {', '.join(expect.path) or 'no step'}\n"
            f"         found {', '.join(run.path) or 'no step'}"
        )
    problems += [f"{id_} was to run, it did not" for id_ in expect.runs if id_ not in run.path]
    problems += [f"{id_} was not to run, it did" for id_ in expect.skips if id_ in run.path]
    for id_, branch in expect.branches.items():
        step = run.step(id_)
        taken = step.branch if step else None
        if taken != branch:
            problems.append(f"{id_}: expected {branch}, found {taken or 'that it did not run'}")
    problems += _check_steps(expect, run)
    problems += _check_values(expect, run)
    return problems


def _why(run: Rehearsed) -> str:
    error = run.error
    if error is None:
        return ""
    details = error.get("details")
    more = f" {msgspec.json.encode(details).decode()}" if details else ""
    return f": {error.get('code')}: {error.get('message')}{more} (step {error.get('step')})"


def _check_steps(expect: Expected, run: Rehearsed) -> list[str]:
    problems: list[str] = []
    for name, wanted in (("params", expect.params), ("outputs", expect.outputs)):
        for id_, value in wanted.items():
            step = run.step(id_)
            if step is None:
                problems.append(f"{name}/{id_}: the step did not run")
                continue
            found = step.params if name == "params" else step.output
            problems += [f"{name}/{id_}{d}" if d.at else f"{name}/{id_}: {d}"
                         for d in compare(value, found)]  # fmt: skip
    return problems


def _check_values(expect: Expected, run: Rehearsed) -> list[str]:
    pairs: list[tuple[str, JsonValue, JsonValue]] = []
    if expect.output is not UNSET:
        pairs.append(("output", expect.output, run.output))
    if expect.vars is not UNSET:
        pairs.append(("vars", expect.vars, run.vars))
    if expect.error is not None:
        wanted: JsonObject = {
            key: value
            for key in ("code", "message", "step")
            if (value := getattr(expect.error, key)) is not UNSET
        }
        pairs.append(("error", wanted, run.error))
    if expect.messages is not None:
        pairs.append(("messages", _list(expect.messages), _list(run.messages)))
    if expect.requests is not None:
        pairs.append(("requests", _list(expect.requests), _list(run.requests)))
    if expect.tenant_calls is not None:
        calls = [call.as_json() for call in run.tenant_calls]
        pairs.append(("tenant_calls", _list(expect.tenant_calls), _list(calls)))
    return [
        f"{name}{difference}" if difference.at else f"{name}: {difference}"
        for name, wanted, found in pairs
        for difference in compare(wanted, found)
    ]


def _list(items: Any) -> list[JsonValue]:
    return [*cast("list[JsonValue]", items)]


def snapshot_of(run: Rehearsed) -> JsonObject:
    """Return what a snapshot keeps: nothing that is masked in records, no headers."""
    steps: list[JsonValue] = [
        {
            "id": step["id"],
            "status": step["status"],
            "input": step["input"],
            "output": _without_headers(step["output"]),
            **({"error": step["error"]} if step["error"] else {}),
        }
        for step in run.recorded_steps
    ]
    kept = ("step", "channel", "to", "subject", "text", "html", "from")
    messages: list[JsonValue] = [
        {key: message[key] for key in kept if key in message} for message in run.messages
    ]
    shown: JsonObject = {"status": run.status, "steps": steps, "messages": messages}
    if run.output is not None:
        shown["output"] = run.output
    if run.error is not None:
        shown["error"] = run.error
    return shown


def _without_headers(output: JsonValue) -> JsonValue:
    if isinstance(output, dict) and {"status", "headers", "body"} <= output.keys():
        return {key: value for key, value in output.items() if key != "headers"}
    return output
