"""One try of one step: resolve, check, call the action, and note what came of it."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import msgspec

from sluiceway.actions.base import Effect, StepOutcome
from sluiceway.engine.journal import done_entry, failed_entry, intent_entry
from sluiceway.engine.messages import new_messages
from sluiceway.engine.patience import Abandoned
from sluiceway.engine.step import checked_params, resolved_params, shown_output, shown_params
from sluiceway.errors import (
    ActionError,
    ActionNotOffered,
    OutboundError,
    OutcomeUnknown,
    SluicewayError,
    TimeLimitPassed,
)
from sluiceway.models.execution import StepStatus
from sluiceway.models.timestamps import format_timestamp
from sluiceway.outbound.step_clock import step_clock
from sluiceway.storage.durable import LeaseLost

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sluiceway.actions.base import ActionSpec, Params
    from sluiceway.engine.base import Engine
    from sluiceway.engine.context import StepContext
    from sluiceway.engine.journal import Intent, Journal
    from sluiceway.engine.plan import PlannedStep
    from sluiceway.engine.record_book import RecordBook
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import Claim, NewMessage

__all__ = ["Attempt", "Performed", "StepFailed", "perform"]

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)
_FIND_OUT: Final = "Find out at the other side, then retry the execution from the failed step."
_SLOW: Final = (
    "The other side is slow, or over its rate limit: retry later, or give steps longer with "
    "SLUICEWAY_STEP_TIMEOUT."
)


class StepFailed(Exception):
    """A step failed that was not allowed to."""

    def __init__(self, error: JsonObject) -> None:
        """Carry the error, not masked yet."""
        super().__init__(error["code"])
        self.error = error


class Performed(msgspec.Struct, frozen=True):
    """What a step with an effect left to journal; *entry* is to be sealed."""

    entry: JsonObject
    messages: tuple[NewMessage, ...] = ()
    wake_at: datetime | None = None


class Attempt:
    """What the record of a step shows, as it comes to be known."""

    __slots__ = ("attempts", "began_at", "effect", "secrets", "shown_input", "step")

    def __init__(self, step: PlannedStep, *, began_at: datetime, attempts: int) -> None:
        """Begin."""
        self.step = step
        self.began_at = began_at
        self.attempts = attempts
        self.effect = Effect.PURE
        self.secrets: list[JsonValue] = []
        self.shown_input: JsonValue = None

    def record(
        self,
        status: StepStatus,
        *,
        input_: JsonValue,
        output: JsonValue = None,
        error: JsonObject | None = None,
        status_code: int | None = None,
        ended_at: datetime | None = None,
    ) -> JsonObject:
        """Return the step as records show it; the values are masked already."""
        action = self.step.action
        # What StepRecord.as_json gives (a test compares them), without its detour for each step.
        return {
            "id": action.id,
            "alias": action.alias,
            "type": action.type,
            "action": action.action,
            "status": status.value,
            "attempts": self.attempts,
            "input": input_,
            "output": output,
            "error": error,
            "status_code": status_code,
            "started_at": format_timestamp(self.began_at),
            "ended_at": format_timestamp(ended_at) if ended_at else None,
        }


class Interpreter(Protocol):
    """What a step needs of the execution that it is a part of."""

    engine: Engine
    claim: Claim
    book: RecordBook
    journal: Journal
    once_only_step: str

    def new_attempt(self, step: PlannedStep) -> Attempt:
        """Return the record-to-be of trying *step* now."""
        ...

    def is_recorded(self, step_id: str) -> bool:
        """Tell whether an earlier claim recorded that the step completed."""
        ...

    def intent(self, step_id: str) -> Intent | None:
        """Return the once-only call that an earlier claim was about to make."""
        ...

    def context(
        self, step_id: str, *, began_at: datetime, masked: Callable[[JsonValue], None]
    ) -> StepContext:
        """Return the context of a step at this point of the execution."""
        ...

    async def append(self, entry: JsonObject, messages: tuple[NewMessage, ...] = ()) -> None:
        """Journal *entry* now."""
        ...

    async def keep(self, performed: Performed) -> None:
        """Journal what a step left, before the next step."""
        ...


async def perform(run: Interpreter, step: PlannedStep) -> StepOutcome:
    """Run one step and record it.

    Raises:
        StepFailed: it failed, and is not allowed to.
    """
    attempt = run.new_attempt(step)
    try:
        outcome = await _outcome(run, attempt)
    except (LeaseLost, Abandoned):
        raise
    except SluicewayError as error:
        return await _fail(run, attempt, error)
    except RecursionError:
        deep = ActionError("expected values that can be walked through, found one nested too deep")
        return await _fail(run, attempt, deep)
    except Exception as error:  # noqa: BLE001 - an action's fault must not stop the worker
        # Without the message: it may carry a value that records must not show.
        _log.error(
            "%s broke in %s: %s\n%s",
            step.action.name,
            run.claim.id,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        fault = ActionError(
            f"expected {step.action.name} to succeed or fail, it broke: {type(error).__name__}"
        )
        return await _fail(run, attempt, fault)
    await _complete(run, attempt, outcome)
    return outcome


async def _outcome(run: Interpreter, attempt: Attempt) -> StepOutcome:
    step, spec = attempt.step, attempt.step.spec
    context = run.context(step.action.id, began_at=attempt.began_at, masked=attempt.secrets.append)
    context.written = step.action.params
    if spec is None:
        raise ActionNotOffered(
            f"{step.action.name} is not offered yet: Sluiceway keeps and shows actions of the "
            f"family {step.action.type}, and does not run them",
            hint="Run this flow on Auth0, or replace the step.",
        )
    params = resolved_params(step, context)
    attempt.shown_input, secrets = shown_params(step, spec, params)
    attempt.secrets.extend(secrets)
    if run.book.is_watched and not run.is_recorded(step.action.id):
        started = attempt.record(StepStatus.RUNNING, input_=None)
        run.book.emit_live("step_started", attempt.began_at, step=started)
    struct = checked_params(step, spec, params)
    attempt.effect = spec.effect_of(struct)
    if attempt.effect is Effect.PURE:
        outcome: StepOutcome = await spec.run(struct, context)
        return outcome
    if attempt.effect is Effect.REPEATABLE:
        return await _limited(run, attempt, spec.run(struct, context))
    return await _once(run, attempt, spec, struct, context)


async def _once(
    run: Interpreter, attempt: Attempt, spec: ActionSpec[Any], struct: Params, context: StepContext
) -> StepOutcome:
    """Make a call that must not be repeated: an intent is journalled before it.

    Raises:
        OutcomeUnknown: an earlier call was in flight when its worker died, and the action cannot
            find out what became of it.
    """
    step_id = attempt.step.action.id
    intent = run.intent(step_id)
    if intent is not None:
        context.attempt_began_at = intent.began_at
        lookup = spec.reconcile(struct, context) if spec.reconcile else None
        found = await _reconciled(run, attempt, lookup, is_excused=intent.is_excused)
        if found is not None:
            return found
    run.book.hide(attempt.secrets)
    shown = run.book.shown(attempt.shown_input)
    run.once_only_step = step_id
    try:
        started = attempt.record(StepStatus.RUNNING, input_=shown)
        run.book.emit("step_started", attempt.began_at, started)
        await run.append(intent_entry(step_id, attempt.began_at))
        outcome: StepOutcome = await _limited(run, attempt, spec.run(struct, context))
    except OutboundError as error:
        if not error.may_be_done:
            raise
        raise OutcomeUnknown(
            f"{error.message}: the call may have been carried out", hint=_FIND_OUT
        ) from error
    else:
        return outcome
    finally:
        run.once_only_step = ""


async def _reconciled(
    run: Interpreter,
    attempt: Attempt,
    lookup: Awaitable[StepOutcome | None] | None,
    *,
    is_excused: bool,
) -> StepOutcome | None:
    """Find out what became of a call in flight; ``None`` means that it may be made."""
    if lookup is None and not is_excused:
        raise OutcomeUnknown(
            f"expected to know whether {attempt.step.action.name} was carried out, found only "
            "that it was begun: its worker died before the answer came",
            hint=_FIND_OUT,
        )
    try:
        return None if lookup is None else await _limited(run, attempt, lookup)
    except OutcomeUnknown:
        if not is_excused:
            raise
        return None


async def _limited(run: Interpreter, attempt: Attempt, call: Awaitable[T]) -> T:
    spec = attempt.step.spec
    limit = (spec.timeout if spec else None) or run.engine.settings.step_timeout
    deadline: asyncio.Timeout | None = None
    try:
        async with step_clock(limit.total_seconds()) as deadline:
            return await call
    except TimeoutError as error:
        if deadline is None or not deadline.expired():
            raise ActionError("expected an answer, the action's own time ran out") from error
        message = f"expected the step to end within {limit.total_seconds():g} s, it did not"
        if attempt.effect is Effect.ONCE:
            raise OutcomeUnknown(
                f"{message}, and its call may have been carried out",
                hint=_FIND_OUT,
            ) from error
        raise TimeLimitPassed(message, hint=_SLOW) from error


async def _complete(run: Interpreter, attempt: Attempt, outcome: StepOutcome) -> None:
    step, now = attempt.step, run.engine.now()
    spec, is_masked = step.spec, step.action.mask_output
    if spec is None:
        return
    attempt.secrets.extend(outcome.sensitive)
    output, secrets = shown_output(spec, outcome.output, is_masked=is_masked)
    attempt.secrets.extend(secrets)
    run.book.hide(attempt.secrets)
    wake_at = outcome.wake_at
    sleeps = wake_at is not None and wake_at > now
    if not run.is_recorded(step.action.id):
        shown = run.book.shown
        input_ = attempt.shown_input if outcome.shown_input is None else outcome.shown_input
        record = attempt.record(
            StepStatus.DELAYED if sleeps else StepStatus.COMPLETED,
            input_=shown(input_),
            output=shown(output),
            status_code=outcome.status_code,
            ended_at=None if sleeps else now,
        )
        run.book.emit("step_delayed" if sleeps else "step_completed", now, record)
    if attempt.effect is Effect.PURE and not outcome.messages and not sleeps:
        return
    messages = new_messages(
        outcome.messages,
        execution_id=run.claim.id,
        step_id=step.action.id,
        at=now,
        sealer=run.engine.sealer,
        shown=run.book.shown,
    )
    entry = done_entry(step.action.id, outcome, run.book.not_kept(attempt.secrets))
    await run.keep(Performed(entry, messages, wake_at))


async def _fail(run: Interpreter, attempt: Attempt, failure: SluicewayError) -> StepOutcome:
    step, now = attempt.step, run.engine.now()
    error = failure.as_json()
    run.book.hide(attempt.secrets)
    shown_error = run.book.shown(error)
    record = attempt.record(
        StepStatus.FAILED,
        input_=run.book.shown(attempt.shown_input),
        error=shown_error if isinstance(shown_error, dict) else error,
        ended_at=now,
    )
    earlier = run.journal.records.get(step.action.id)
    if earlier is None or not step.action.allow_failure or attempt.effect is not Effect.PURE:
        run.book.emit("step_failed", now, record)
    if not step.action.allow_failure:
        raise StepFailed({**error, "step": step.action.id}) from failure
    public: JsonObject = {"code": error["code"], "message": error["message"]}
    if attempt.effect is not Effect.PURE:
        await run.keep(
            Performed(failed_entry(step.action.id, public, run.book.not_kept(attempt.secrets)))
        )
    return StepOutcome(output={"success": False, "error": public})
