"""The catalogue of a rehearsal: every action runs and is seen, or its mock stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.errors import ActionNotOffered, SluicewayError
from sluiceway.rehearsal.mocks import mocked_failure

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.engine.base import ActionLookup
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.mocks import Mocks, StepMock

__all__ = ["AnyParams", "ObservedActions", "ObservedStep", "mocked_outcome"]


class AnyParams(Params, forbid_unknown_fields=False):
    """Params that fit anything: of actions that Sluiceway does not offer."""


class ObservedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a step, nothing masked: what it was given, and what it gave.

    The output of one that failed is what later steps read if it was allowed to.
    """

    id: str
    params: JsonObject
    output: JsonValue
    branch: str | None = None
    status_code: int | None = None
    vars: JsonObject | None = None
    is_mocked: bool = False
    error: JsonObject | None = None


class ObservedActions:
    """See ``ActionLookup``. One for each run: it keeps what was seen."""

    def __init__(self, inner: ActionLookup, mocks: Mocks) -> None:
        """Look actions up in *inner*."""
        self._inner = inner
        self._mocks = mocks
        self._wrapped: dict[tuple[str, str], ActionSpec[Any] | None] = {}
        self.steps: list[ObservedStep] = []

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        """Return the action; one that is not offered is there too, and must be mocked."""
        key = (type_, action)
        if key not in self._wrapped:
            spec = self._inner.find(type_, action) or _stand_in(type_, action)
            self._wrapped[key] = self._observed(spec)
        return self._wrapped[key]

    def _observed(self, spec: ActionSpec[Any]) -> ActionSpec[Any]:
        async def run(params: Params, context: ActionContext) -> StepOutcome:
            mock = self._mocks.take(context.step_id)
            try:
                if mock is None:
                    outcome = await spec.run(params, context)
                else:
                    outcome = await mocked_outcome(spec, params, context, mock)
            except SluicewayError as error:
                self.steps.append(_failed(spec, params, context, error))
                raise
            self.steps.append(
                ObservedStep(
                    id=context.step_id,
                    params=outcome.shown_input or _shown(spec, params),
                    output=outcome.output,
                    branch=outcome.branch,
                    status_code=outcome.status_code,
                    vars=outcome.vars,
                    is_mocked=mock is not None,
                )
            )
            return outcome

        return replace(spec, run=run, reconcile=None)


async def mocked_outcome(
    spec: ActionSpec[Any], params: Params, context: ActionContext, mock: StepMock
) -> StepOutcome:
    """Return what *mock* says. The logic of flows still runs: only its output is replaced.

    Raises:
        ActionError: the mock says that the step fails.
    """
    if mock.error is not None:
        raise mocked_failure(mock.error)
    if spec.type_ == "FLOW":
        outcome: StepOutcome = await spec.run(params, context)
        result = mock.output.get("result") if isinstance(mock.output, dict) else None
        branch = outcome.branch
        if spec.branch_params and isinstance(result, bool):
            branch = spec.branch_params[0 if result else 1]
        return replace(outcome, output=mock.output, branch=branch)
    status = mock.output.get("status") if isinstance(mock.output, dict) else None
    code = mock.status_code or (status if isinstance(status, int) else None)
    return StepOutcome(output=mock.output, status_code=code)


def _failed(
    spec: ActionSpec[Any], params: Params, context: ActionContext, error: SluicewayError
) -> ObservedStep:
    shown = error.as_json()
    public: JsonObject = {"code": shown["code"], "message": shown["message"]}
    return ObservedStep(
        id=context.step_id,
        params=_shown(spec, params),
        output={"success": False, "error": public},
        error=shown,
    )


def _shown(spec: ActionSpec[Any], params: Params) -> JsonObject:
    shown: JsonObject = msgspec.to_builtins(params)
    return {key: value for key, value in shown.items() if key not in spec.branch_params}


def _stand_in(type_: str, action: str) -> ActionSpec[Any]:
    async def run(_: Params, __: ActionContext) -> StepOutcome:
        raise ActionNotOffered(
            f"expected an action that Sluiceway runs, found {type_}/{action}",
            hint="Mock the step by its id.",
        )

    return ActionSpec(
        type_=type_,
        action=action,
        title=action,
        summary="An action that Sluiceway does not offer.",
        params=AnyParams,
        run=run,
        output={},
        effect=Effect.REPEATABLE,
        source="",
        example={},
    )
