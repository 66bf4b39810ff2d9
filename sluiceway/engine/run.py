"""One claim of one execution, carried out: the interpreter between the journal and the actions.

Steps that an earlier claim finished are adopted from the journal, pure ones are computed again,
and the rest is performed. What a step with an effect left is journalled before the next step, or
with the execution's end where none follows.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sluiceway.engine.attempt import Attempt, StepFailed, perform
from sluiceway.engine.context import StepContext
from sluiceway.engine.ending import Ending, finish_of
from sluiceway.engine.journal import log_identity
from sluiceway.engine.observer import ended_execution
from sluiceway.engine.patience import write_patiently
from sluiceway.engine.priming import known_secrets
from sluiceway.engine.record_book import RecordBook
from sluiceway.engine.sealing import seal_json
from sluiceway.errors import ActionError, TimeLimitPassed
from sluiceway.models.execution import ExecutionInput, ExecutionStatus, StepStatus
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.durable import LogWrite

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sluiceway.actions.base import StepOutcome
    from sluiceway.engine.attempt import Performed
    from sluiceway.engine.base import Engine, World
    from sluiceway.engine.journal import Adopted, Intent, Journal
    from sluiceway.engine.live import Live
    from sluiceway.engine.plan import Plan, PlannedStep
    from sluiceway.engine.sealing import Payload
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import Claim, NewMessage

__all__ = ["Run"]


class _Asleep(Exception):
    """A delay was journalled and the claim given up."""


class _Cancelled(Exception):
    """A request to cancel was met between two steps."""


class Run:
    """Carries one claim out; make one for each claim."""

    def __init__(
        self,
        engine: Engine,
        world: World,
        live: Live,
        *,
        claim: Claim,
        plan: Plan,
        payload: Payload,
        journal: Journal,
    ) -> None:
        """Put the state together; nothing runs yet."""
        self.engine = engine
        self.claim = claim
        self.journal = journal
        self.book = RecordBook(
            claim.id, masker=engine.new_masker(), live=live, claim_number=claim.number
        )
        self.book.add_written(claim.log)
        self.once_only_step = ""
        """The step whose call in flight must not be interrupted."""
        self._world = world
        self._plan = plan
        self._payload = payload
        self._input = payload.input
        self._actions: JsonObject = dict(payload.outputs)
        self._passed = 0
        self._position = journal.next_position
        self._pending: Performed | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_cancelling = claim.execution.cancel_requested

    def request_cancel(self) -> None:
        """See ``Running``. A once-only call in flight is waited for."""
        self._is_cancelling = True
        if self._task is not None and not self.once_only_step:
            self._task.cancel()

    def told(self) -> list[JsonObject]:
        """See ``Running``."""
        return self.book.told()

    async def execute(self) -> None:
        """Run to the end, to a delay, or to where another worker takes over.

        Raises:
            LeaseLost: another claim carries on.
            Abandoned: the database refused for too long.
            asyncio.CancelledError: the worker is shutting down.
        """
        self._task = asyncio.current_task()
        try:
            ending = await self._run_to_end()
        except _Asleep:
            return
        await self.finish(ending)

    async def _run_to_end(self) -> Ending:
        settings = self.engine.settings
        try:
            async with asyncio.timeout(settings.execution_timeout.total_seconds()):
                self._start()
                last = await self._walk(self._plan.steps)
        except StepFailed as failure:
            return Ending(ExecutionStatus.FAILED, error=failure.error)
        except TimeoutError:
            limit = settings.execution_timeout.total_seconds()
            error = TimeLimitPassed(f"expected the execution to end within {limit:g} s")
            return Ending(ExecutionStatus.FAILED, error=error.as_json())
        except _Cancelled:
            return Ending(ExecutionStatus.CANCELLED)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._is_cancelling or task is None:
                raise
            task.uncancel()
            return Ending(ExecutionStatus.CANCELLED)
        return Ending(ExecutionStatus.COMPLETED, output=last.result if last else None)

    def _start(self) -> None:
        if self.claim.takeovers > self.engine.settings.max_takeovers:
            error = ActionError(
                f"expected a worker to finish the execution, "
                f"found {self.claim.takeovers} in a row that died over it"
            )
            raise StepFailed(error.as_json())
        self.book.hide(known_secrets(self._plan, self._payload, now=self.claim.clock_at))
        if self.claim.number == 1:
            self.book.emit_beginning(self.claim.clock_at)

    async def _walk(self, steps: tuple[PlannedStep, ...]) -> StepOutcome | None:
        """Run *steps* and what they branch into; return the outcome that ends the flow, if any."""
        for step in steps:
            outcome = await self._pass(step)
            if outcome.ends_flow:
                return outcome
            if outcome.branch is not None:
                ending = await self._walk(step.branches.get(outcome.branch, ()))
                if ending is not None:
                    return ending
        return None

    async def _pass(self, step: PlannedStep) -> StepOutcome:
        await self._write_pending()
        if self._is_cancelling:
            raise _Cancelled
        clocks = self.journal.clocks
        while clocks and clocks[0][0] <= self._passed:
            clocks.popleft()
        adopted = self.journal.adopted.get(step.action.id)
        outcome = (
            await perform(self, step) if adopted is None else self._adopt(step.action.id, adopted)
        )
        self._passed += 1
        self._actions[step.action.id] = outcome.output
        if outcome.vars:
            self._input = ExecutionInput(
                context=self._input.context,
                fields=self._input.fields,
                vars={**self._input.vars, **outcome.vars},
            )
        return outcome

    def _adopt(self, step_id: str, adopted: Adopted) -> StepOutcome:
        self.book.hide(adopted.secrets)
        self.book.not_kept(adopted.secrets)
        record = self.journal.records.get(step_id)
        if record is not None and record["status"] == StepStatus.DELAYED:
            now = self.engine.now()
            ended: JsonObject = {
                **record,
                "status": str(StepStatus.COMPLETED),
                "ended_at": format_timestamp(now),
            }
            self.journal.records[step_id] = ended
            self.book.emit("step_completed", now, ended)
        return adopted.outcome

    @property
    def clock_at(self) -> datetime:
        """The execution's clock reading at the step it has reached."""
        clocks = self.journal.clocks
        return clocks[0][1] if clocks else self.claim.clock_at

    def is_recorded(self, step_id: str) -> bool:
        """Tell whether an earlier claim recorded that the step completed."""
        earlier = self.journal.records.get(step_id)
        return earlier is not None and earlier["status"] == StepStatus.COMPLETED

    def intent(self, step_id: str) -> Intent | None:
        """Return the once-only call of *step_id* that an earlier claim was about to make."""
        return self.journal.intents.get(step_id)

    def context(
        self, step_id: str, *, began_at: datetime, masked: Callable[[JsonValue], None]
    ) -> StepContext:
        """Return the context of a step at this point of the execution."""
        return StepContext(
            self._world,
            execution_id=self.claim.id,
            step_id=step_id,
            seed=self._payload.seed,
            now=self.clock_at,
            attempt_began_at=began_at,
            input_=self._input,
            actions=self._actions,
            masked=masked,
        )

    def new_attempt(self, step: PlannedStep) -> Attempt:
        """Return the record-to-be of trying *step* now."""
        earlier = self.journal.records.get(step.action.id)
        attempts = 1
        if earlier is not None and isinstance(earlier["attempts"], int):
            attempts = earlier["attempts"] + (earlier["status"] != StepStatus.COMPLETED)
        return Attempt(step, began_at=self.engine.now(), attempts=attempts)

    async def keep(self, performed: Performed) -> None:
        """Journal what a step with an effect left: now if it sleeps, else before the next step."""
        wake_at = performed.wake_at
        if wake_at is None or wake_at <= self.engine.now():
            self._pending = performed
            return
        entry = {
            **performed.entry,
            "position": self._passed + 1,
            "clock": self.clock_at.isoformat(),
        }
        write = self._log_write(entry)
        await self._write(
            lambda: self.engine.store.sleep(
                self.claim,
                write,
                wake_at=wake_at,
                at=self.engine.now(),
                messages=performed.messages,
            )
        )
        raise _Asleep

    async def _write_pending(self) -> None:
        if self._pending is not None:
            performed, self._pending = self._pending, None
            await self.append(performed.entry, performed.messages)

    async def append(self, entry: JsonObject, messages: tuple[NewMessage, ...] = ()) -> None:
        """Journal *entry*, with the events that are not written yet."""
        write = self._log_write(entry)
        await self._write(lambda: self.engine.store.append(self.claim, write, messages=messages))

    def _log_write(self, entry: JsonObject) -> LogWrite:
        position, self._position = self._position, self._position + 1
        sealed = seal_json(
            self.engine.sealer, entry, identity=log_identity(self.claim.id, position)
        )
        rewritten = self.book.take_rewritten()
        entries = self.book.take_entries(position=position)
        return LogWrite(position=position, entries=entries, sealed=sealed, rewritten=rewritten)

    async def finish(self, ending: Ending) -> None:
        """Write the end, and tell those who listen."""
        messages: tuple[NewMessage, ...] = ()
        if self._pending is not None and ending.status is ExecutionStatus.COMPLETED:
            messages = self._pending.messages
        else:
            await self._write_pending()
        finish = finish_of(
            ending,
            claim=self.claim,
            book=self.book,
            input_=self._payload.input,
            stopped=(self._passed, self.clock_at),
            engine=self.engine,
        )
        await self._write(lambda: self.engine.store.finish(self.claim, finish, messages=messages))
        self.book.emit_live("execution_finished", finish.at, status=str(ending.status))
        if not self.engine.observers.is_empty:
            steps = {**self.journal.records, **self.book.steps}
            ended = ended_execution(self.claim.execution, finish, steps.values())
            self.engine.observers.execution_ended(ended)

    async def _write(self, write: Callable[[], Awaitable[None]]) -> None:
        await write_patiently(write, patience=self.engine.settings.write_patience)
