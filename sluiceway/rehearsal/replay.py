"""A recorded execution run against an edited flow; nothing leaves, ever.

A step whose resolved params are those of the record takes its output from the record. The rest runs
anew: from a mock, or on an embedded tenant that knows the users of the record; an HTTP request that
no mock answers fails. What is masked in the record counts as equal to anything, and so does what
the clock and chance gave (``functions.uuid()`` and the like), whose recorded value is used.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from sluiceway.actions.base import Effect, StepOutcome
from sluiceway.engine.params import convert_params
from sluiceway.errors import SluicewayError
from sluiceway.expressions import Undefined
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.masking import MASK
from sluiceway.models.timestamps import parse_timestamp
from sluiceway.rehearsal.agreement import Disagreement, agree, outputs_differ
from sluiceway.rehearsal.clock import DEFAULT_TIME
from sluiceway.rehearsal.mocks import Mocks, mocked_failure
from sluiceway.rehearsal.observing import AnyParams, ObservedActions, ObservedStep, mocked_outcome
from sluiceway.rehearsal.users import put_user, recorded_users

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.actions.base import ActionContext, ActionSpec, Params
    from sluiceway.engine.base import ActionLookup
    from sluiceway.models.flow import Action, Flow
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.recordings import RecordedStep, Recording
    from sluiceway.rehearsal.stage import Rehearsed, Stage

__all__ = ["Replay", "StepReplay", "replay_execution"]

_LOGIC: Final = "FLOW"
_BRANCHES: Final = ("then", "else")
_USER_ACTIONS: Final = frozenset({"AUTH0/CREATE_USER", "AUTH0/GET_USER", "AUTH0/UPDATE_USER"})
_STAND_IN: Final = "Masked-value-1"
"""Strong enough for a password."""


class StepReplay(msgspec.Struct, kw_only=True):
    """What became of one step.

    Attributes:
        id: the step.
        source: ``record``, ``mock``, ``tenant``, ``flow`` (logic that ran anew) or ``gone``.
        is_new: whether the record does not have it.
        params: where its params differ from the record's.
        output: where what it gave differs.
        error: why it failed, where the record's did not.
    """

    id: str
    source: str
    is_new: bool = False
    params: list[Disagreement] = msgspec.field(default_factory=list[Disagreement])
    output: list[Disagreement] = msgspec.field(default_factory=list[Disagreement])
    error: JsonObject | None = None

    @property
    def differs(self) -> bool:
        """Whether anything about it is otherwise than in the record."""
        is_other = self.is_new or self.source == "gone"
        return bool(is_other or self.params or self.output or self.error)

    def as_json(self) -> JsonObject:
        """Return the step as JSON."""
        params: list[JsonValue] = [one.as_json() for one in self.params]
        output: list[JsonValue] = [one.as_json() for one in self.output]
        return {
            "id": self.id,
            "source": self.source,
            "new": self.is_new,
            "params": params,
            "output": output,
            "error": self.error,
        }


class Replay(msgspec.Struct, kw_only=True):
    """A recorded execution beside its replay."""

    recording: Recording
    run: Rehearsed
    steps: list[StepReplay]
    output: list[Disagreement]

    @property
    def path_differs(self) -> bool:
        """Whether other steps run, or in another order."""
        return [step.id for step in self.recording.steps] != self.run.path

    @property
    def status_differs(self) -> bool:
        """Whether it ends otherwise."""
        return self.recording.status != self.run.status

    @property
    def differs(self) -> bool:
        """Whether anything is otherwise than in the record."""
        is_other = self.path_differs or self.status_differs or bool(self.output)
        return is_other or any(step.differs for step in self.steps)

    def as_json(self) -> JsonObject:
        """Return the replay as JSON."""
        steps: list[JsonValue] = [step.as_json() for step in self.steps]
        before: list[JsonValue] = [step.id for step in self.recording.steps]
        after: list[JsonValue] = [*self.run.path]
        output: list[JsonValue] = [one.as_json() for one in self.output]
        return {
            "execution": self.recording.id,
            "differs": self.differs,
            "status": {"before": self.recording.status, "after": self.run.status},
            "path": {"before": before, "after": after},
            "steps": steps,
            "output": output,
            "error": self.run.error,
        }


async def replay_execution(
    stage: Stage, recording: Recording, flow: Flow, *, mocks: Mocks | None = None
) -> Replay:
    """Run *recording* against *flow* on a stage that is cleared for it."""
    await stage.reset(at=_clock_of(recording))
    await recorded_users(stage, recording)
    seen: dict[str, StepReplay] = {}
    actions = {placed.action.id: placed.action for placed in flow.walk()}

    def wrap(inner: ActionLookup, used: Mocks) -> ObservedActions:
        return _ReplayedActions(inner, used, _Past(stage, recording, actions, seen))

    run = await stage.run(flow, _filled_input(recording.input), mocks=mocks, wrap=wrap)
    _note_failures(run, recording, seen)
    steps = [seen[id_] for id_ in run.path if id_ in seen]
    steps += [
        StepReplay(id=step.id, source="gone") for step in recording.steps if step.id not in run.path
    ]
    output = agree(None, run.output, recording.output).differences
    return Replay(recording=recording, run=run, steps=steps, output=output)


def _clock_of(recording: Recording) -> datetime:
    if recording.started_at is None:
        return DEFAULT_TIME
    try:
        return parse_timestamp(recording.started_at).astimezone(UTC)
    except ValueError:
        return DEFAULT_TIME


def _note_failures(run: Rehearsed, recording: Recording, seen: dict[str, StepReplay]) -> None:
    """Add the steps that broke before their action was asked: wrong params, an expression."""
    for step in run.recorded_steps:
        id_, error = str(step["id"]), step.get("error")
        before = recording.step(id_)
        if id_ in seen or not isinstance(error, dict):
            continue
        was = before.error if before is not None else None
        is_same = was is not None and was.get("code") == error.get("code")
        seen[id_] = StepReplay(
            id=id_, source="flow", is_new=before is None, error=None if is_same else error
        )


def _filled_input(given: ExecutionInput) -> ExecutionInput:
    """Put something that passes for a secret in the places that are masked."""
    roots = {name: _filled(value) for name, value in given.as_json().items()}
    return ExecutionInput(**{k: v for k, v in roots.items() if isinstance(v, dict)})


def _filled(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value.replace(MASK, _STAND_IN)
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    return value


class _Past(msgspec.Struct, frozen=True):
    """The record, the flow's actions by id, and what is noted of each step."""

    stage: Stage
    recording: Recording
    actions: dict[str, Action]
    seen: dict[str, StepReplay]


class _ReplayedActions(ObservedActions):
    """Actions that take what the record has, where they are given what they were given then."""

    def __init__(self, inner: ActionLookup, mocks: Mocks, past: _Past) -> None:
        super().__init__(inner, mocks)
        self._recording = past.recording
        self._actions = past.actions
        self._seen = past.seen
        self._stage = past.stage
        self._connections: dict[str, JsonValue] = {}

    def _observed(self, spec: ActionSpec[Any]) -> ActionSpec[Any]:
        async def run(_: Params, context: ActionContext) -> StepOutcome:
            outcome, given = await self._replayed(spec, context)
            self.steps.append(
                ObservedStep(
                    id=context.step_id,
                    params=given,
                    output=outcome.output,
                    branch=outcome.branch,
                    status_code=outcome.status_code,
                    vars=outcome.vars,
                )
            )
            return outcome

        # The params are checked here where the step runs anew: a masked value need not fit.
        return replace(spec, run=run, reconcile=None, params=AnyParams, effect=_effect(spec))

    async def _replayed(
        self, spec: ActionSpec[Any], context: ActionContext
    ) -> tuple[StepOutcome, JsonObject]:
        step_id = context.step_id
        action, recorded = self._actions[step_id], self._recording.step(step_id)
        own = {k: v for k, v in action.params.items() if k not in spec.branch_params}
        if spec.lazy_params:
            return await self._logic(spec, context, own, recorded)
        given = _resolved(spec, context, own)
        note = self._seen[step_id] = StepReplay(id=step_id, source="flow", is_new=recorded is None)
        if recorded is not None and _is_same_action(recorded, action):
            result = agree(own, given, _recorded_input(recorded))
            note.params = self._without_connections(result.differences)
            if not note.params:
                merged = result.value if isinstance(result.value, dict) else given
                return await self._from_record(spec, context, recorded, merged, note), merged
        elif recorded is not None:
            before = f"{recorded.type}/{recorded.action}"
            note.params = [Disagreement("/action", before, action.name)]
        outcome = await self._anew(spec, context, given, note)
        if recorded is not None and not note.error:
            note.output = outputs_differ(outcome.output, recorded.output)
        return outcome, given

    async def _logic(
        self,
        spec: ActionSpec[Any],
        context: ActionContext,
        own: JsonObject,
        recorded: RecordedStep | None,
    ) -> tuple[StepOutcome, JsonObject]:
        """Run a condition; where it asks what it asked then, the record's answer counts."""
        note = self._seen[context.step_id] = StepReplay(
            id=context.step_id, source="flow", is_new=recorded is None
        )
        outcome: StepOutcome = await spec.run(convert_params(spec, own), context)
        shown = outcome.shown_input or own
        if recorded is None:
            return outcome, shown
        note.params = agree(own, shown, _recorded_input(recorded)).differences
        result = recorded.output.get("result") if isinstance(recorded.output, dict) else None
        if not note.params and isinstance(result, bool):
            note.source = "record"
            branch = spec.branch_params[0 if result else 1]
            return replace(outcome, output=recorded.output, branch=branch), shown
        note.output = agree(None, outcome.output, recorded.output).differences
        return outcome, shown

    async def _from_record(
        self,
        spec: ActionSpec[Any],
        context: ActionContext,
        recorded: RecordedStep,
        merged: JsonObject,
        note: StepReplay,
    ) -> StepOutcome:
        note.source = "record"
        if recorded.error is not None:
            raise mocked_failure(recorded.error)
        body = recorded.output.get("body") if isinstance(recorded.output, dict) else None
        if spec.name in _USER_ACTIONS and isinstance(body, dict) and "user_id" in body:
            # What follows may run anew, and must find the user as the step left it.
            await put_user(self._stage, body)
        if spec.type_ == _LOGIC:
            # Logic sends nothing: it runs with what it was given then.
            try:
                outcome: StepOutcome = await spec.run(convert_params(spec, merged), context)
            except SluicewayError:
                return StepOutcome(output=recorded.output)
            return replace(outcome, output=recorded.output)
        return StepOutcome(output=recorded.output, status_code=recorded.status_code)

    async def _anew(
        self, spec: ActionSpec[Any], context: ActionContext, given: JsonObject, note: StepReplay
    ) -> StepOutcome:
        mock = self._mocks.take(context.step_id)
        recorded = self._recording.step(context.step_id)
        try:
            if spec.name == "AUTH0/CREATE_USER" and recorded is not None:
                given = _with_recorded_id(given, recorded)
            params = convert_params(spec, given)
            if mock is not None:
                note.source = "mock"
                return await mocked_outcome(spec, params, context, mock)
            note.source = "flow" if spec.type_ == _LOGIC else "tenant"
            outcome: StepOutcome = await spec.run(params, context)
        except SluicewayError as error:
            shown = error.as_json()
            before = recorded.error if recorded is not None else None
            if before is None or before.get("code") != shown["code"]:
                note.error = shown
            raise
        return outcome

    def _without_connections(self, differences: list[Disagreement]) -> list[Disagreement]:
        """Leave out that a connection goes by another name, as long as it does so everywhere."""
        left: list[Disagreement] = []
        for one in differences:
            if one.at == "/connection_id" and isinstance(one.before, str):
                known = self._connections.setdefault(one.before, one.after)
                if known == one.after:
                    continue
            left.append(one)
        return left


def _with_recorded_id(given: JsonObject, recorded: RecordedStep) -> JsonObject:
    """Let a user that is made anew have the id it had: what follows is then comparable."""
    payload = given.get("payload")
    body = recorded.output.get("body") if isinstance(recorded.output, dict) else None
    user_id = body.get("user_id") if isinstance(body, dict) else None
    if not isinstance(payload, dict) or not isinstance(user_id, str) or "user_id" in payload:
        return given
    return {**given, "payload": {**payload, "user_id": user_id.rpartition("|")[2]}}


def _effect(spec: ActionSpec[Any]) -> Effect:
    """A replay makes no call twice: what depended on the params counts as harmless."""
    return spec.effect if isinstance(spec.effect, Effect) else Effect.REPEATABLE


def _resolved(spec: ActionSpec[Any], context: ActionContext, own: JsonObject) -> JsonObject:
    result: JsonObject = {}
    for key, value in own.items():
        if key in spec.liquid_params:
            result[key] = value
            continue
        found = context.resolve(value)
        result[key] = None if isinstance(found, Undefined) else found
    return result


def _is_same_action(recorded: RecordedStep, action: Action) -> bool:
    """Tell whether the record's step is of the same action; records may not say."""
    return (recorded.type or action.type, recorded.action or action.action) == (
        action.type,
        action.action,
    )


def _recorded_input(recorded: RecordedStep) -> JsonValue:
    """Return the params of the record, without the actions in branches."""
    if not isinstance(recorded.input, dict):
        return recorded.input
    return {key: value for key, value in recorded.input.items() if key not in _BRANCHES}
