"""The outside of the engine: start executions, wait for them, look at them, stop, retry, delete."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.engine.cancel import cancel_execution
from sluiceway.engine.events import follow
from sluiceway.engine.journal import Journal
from sluiceway.engine.plan import Plans
from sluiceway.engine.priming import known_secrets
from sluiceway.engine.record import debug_of, summary_of
from sluiceway.engine.retry import reopen
from sluiceway.engine.sealing import (
    Payload,
    digest_of,
    encode,
    open_payload,
    open_snapshot,
    seal_payload,
    seal_snapshot,
)
from sluiceway.errors import Conflict, NotFound, StorageError
from sluiceway.models.execution import ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.ids import encode_id
from sluiceway.models.masking import mask_secret_keys
from sluiceway.storage.durable import ExecutionFilter, NewExecution

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from sluiceway.engine.base import Engine
    from sluiceway.engine.live import Live
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import Created, ExecutionRow, LogRow

__all__ = ["ExecutionPage", "Executions", "StartRequest"]

_KEPT_WORDINGS: Final = 64
_POLL_S: Final = 0.25
_CHECKPOINT: Final = re.compile(r"s([0-9]{1,18})")
"""The place of the last execution on a page; 18 digits fit a database's 64 bits."""


class StartRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One execution to start; see ``Executions.start``."""

    input: ExecutionInput
    idempotency_key: str | None = None
    not_before: datetime | None = None
    journey_id: str | None = None
    batch_id: str | None = None
    outputs: JsonObject | None = None


class ExecutionPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of records, newest first; *next_* goes on where it ended, ``None`` at the end."""

    executions: list[JsonObject]
    next_: str | None


class _Wording(msgspec.Struct, frozen=True):
    """A flow with its document, sealed once."""

    flow: Flow
    digest: str
    sealed: bytes
    source: Flow


class Executions:
    """Everything that can be asked of executions."""

    def __init__(self, engine: Engine, live: Live) -> None:
        """Work on *engine*'s store; *live* is shared with the workers of this process."""
        self._engine, self._live = engine, live
        self._plans = Plans(engine)
        self._wordings: OrderedDict[tuple[int, tuple[tuple[str, str], ...]], _Wording] = (
            OrderedDict()
        )

    async def start(
        self,
        flow: Flow,
        input_: ExecutionInput,
        *,
        idempotency_key: str | None = None,
        not_before: datetime | None = None,
        connections: Mapping[str, str] | None = None,
        journey_id: str | None = None,
        outputs: JsonObject | None = None,
    ) -> str:
        """Start *flow* and return the execution's id; a worker runs it.

        Args:
            flow: the flow as it is now; the execution keeps this wording.
            input_: what its expressions read.
            idempotency_key: a second start of the flow with it gives the first one's id.
            not_before: the earliest moment to run it.
            connections: names to use in place of the flow's ``connection_id`` values.
            journey_id: the journey it belongs to, as Auth0's records have it.
            outputs: what expressions read of steps that are not in *flow*, by id: to try a part.

        Raises:
            StorageError: the database cannot be written.
        """
        request = StartRequest(
            input=input_,
            idempotency_key=idempotency_key,
            not_before=not_before,
            journey_id=journey_id,
            outputs=outputs,
        )
        created = await self.start_many(flow, [request], connections=connections)
        return created[0].id

    async def start_many(
        self,
        flow: Flow,
        requests: Sequence[StartRequest],
        *,
        connections: Mapping[str, str] | None = None,
    ) -> list[Created]:
        """Start several executions of *flow* in one transaction; see ``start``."""
        wording = self._wording(flow, connections or {})
        new = [self._new(wording, request) for request in requests]
        store = self._engine.store
        created = [await store.create(new[0])] if len(new) == 1 else await store.create_many(new)
        self._live.work.set()
        return created

    def _new(self, wording: _Wording, request: StartRequest) -> NewExecution:
        # One call to the system for all the chance an execution needs.
        chance = secrets.token_bytes(48)
        id_ = encode_id("afe", int.from_bytes(chance[:16]))
        payload = Payload(
            input=request.input, seed=chance[16:32].hex(), outputs=request.outputs or {}
        )
        return NewExecution(
            id=id_,
            flow_id=wording.source.id,
            flow_name=wording.source.name,
            flow_version=wording.source.version,
            flow_digest=wording.digest,
            snapshot=wording.sealed,
            trace_id=chance[32:].hex(),
            created_at=self._engine.now(),
            payload=seal_payload(self._engine.sealer, payload, execution_id=id_),
            journey_id=request.journey_id,
            idempotency_key=request.idempotency_key,
            not_before=request.not_before,
            batch_id=request.batch_id,
        )

    def _wording(self, flow: Flow, connections: Mapping[str, str]) -> _Wording:
        # Keyed by identity: the kept flow is kept alive with it, so the id cannot be another's.
        key = (id(flow), tuple(sorted(connections.items())))
        wording = self._wordings.get(key)
        if wording is None:
            connected = flow.with_connections(connections) if connections else flow
            document = encode(connected.as_json())
            digest = digest_of(document)
            sealed = seal_snapshot(self._engine.sealer, document, digest)
            wording = _Wording(connected, digest, sealed, flow)
            self._wordings[key] = wording
            while len(self._wordings) > _KEPT_WORDINGS:
                self._wordings.popitem(last=False)
        return wording

    async def wait(self, id_: str, *, timeout_s: float) -> ExecutionRow | None:
        """Wait until the execution ends; return it, ``None`` where it did not in *timeout_s*.

        Raises:
            NotFound: there is no such execution.
        """
        with self._live.listen(id_) as queue:
            try:
                async with asyncio.timeout(timeout_s):
                    while not (row := await self._row(id_)).status.is_terminal:
                        await _next_end(queue)
            except TimeoutError:
                row = await self._row(id_)
        return row if row.status.is_terminal else None

    async def get(self, id_: str, *, debug: bool = False) -> JsonObject:
        """Return the execution record (contract, section 5), with ``debug`` where asked for.

        Raises:
            NotFound: there is no such execution.
        """
        return await self.record_of(await self._row(id_), debug=debug)

    async def record_of(self, row: ExecutionRow, *, debug: bool) -> JsonObject:
        """Return the record of an execution that was looked up already."""
        shown = summary_of(row)
        if debug:
            log = await self._engine.store.log(row.id)
            shown["debug"] = debug_of(row, log, input_=await self._input_so_far(row, log))
        return shown

    async def _input_so_far(self, row: ExecutionRow, log: Sequence[LogRow]) -> JsonValue:
        """Return the input with what is known to be secret hidden, where no end wrote it down."""
        if row.status is ExecutionStatus.COMPLETED:
            return None
        plan = await self._plans.load(row.flow_digest)
        payload = open_payload(self._engine.sealer, row.payload, execution_id=row.id)
        journal = Journal.read(tuple(log), self._engine.sealer, execution_id=row.id)
        masker = self._engine.new_masker()
        for secret in known_secrets(plan, payload, now=row.created_at):
            masker.add(secret)
        for adopted in journal.adopted.values():
            for secret in adopted.secrets:
                masker.add(secret)
        return masker.apply(mask_secret_keys(payload.input.as_json())[0])

    async def flow_id_of(self, id_: str) -> str:
        """Return the id of the flow that the execution runs. Raises ``NotFound``."""
        return (await self._row(id_)).flow_id

    async def list(
        self,
        matching: ExecutionFilter | None = None,
        *,
        take: int = 50,
        from_: str | None = None,
        offset: int = 0,
    ) -> ExecutionPage:
        """Return one page of records without ``debug``, newest first.

        Args:
            matching: which ones; all without it.
            take: how many at the most.
            from_: ``next_`` of the page before.
            offset: how many to skip, for paging by number.

        Raises:
            ValueError: *from_* is not what a page gave.
        """
        rows = await self._engine.store.list(
            matching or ExecutionFilter(),
            limit=take + 1,
            offset=offset,
            before_seq=None if from_ is None else _seq_of(from_),
        )
        shown = rows[:take]
        next_ = f"s{shown[-1].seq}" if len(rows) > take else None
        return ExecutionPage(executions=[summary_of(row) for row in shown], next_=next_)

    async def count(self, matching: ExecutionFilter | None = None) -> int:
        """Return how many executions match."""
        return await self._engine.store.count(matching or ExecutionFilter())

    async def count_by_status(self) -> dict[ExecutionStatus, int]:
        """Return how many executions stand where."""
        return await self._engine.store.count_by_status()

    async def cancel(self, id_: str) -> None:
        """End the execution CANCELLED; return once that is so.

        Raises:
            NotFound: there is no such execution.
            Conflict: it has ended, or cannot be stopped just now; the message says why.
        """
        await cancel_execution(self._engine, self._live, await self._row(id_))

    async def retry(self, id_: str, *, from_failed_step: bool) -> str:
        """Run an execution again that FAILED or was CANCELLED; return the id of what runs.

        From the failed step the same execution goes on, and no completed step runs again. From the
        start it is a new execution of the same flow, as worded then, with the same input.

        Raises:
            NotFound: there is no such execution.
            Conflict: it has not ended, or it completed and is to go on from a failed step.
        """
        row = await self._row(id_)
        if from_failed_step:
            await reopen(self._engine, row)
            self._live.work.set()
            return id_
        if not row.status.is_terminal:
            raise Conflict(
                f"expected an execution that has ended, found {id_} {row.status}",
                hint="Wait for its end, or cancel it.",
            )
        return await self._start_again(row)

    async def _start_again(self, row: ExecutionRow) -> str:
        sealer, store = self._engine.sealer, self._engine.store
        snapshot = await store.snapshot(row.flow_digest)
        if snapshot is None:
            raise StorageError(f"expected the flow of {row.id} in the store, found none")
        payload = open_payload(sealer, row.payload, execution_id=row.id)
        flow = Flow.from_json(open_snapshot(sealer, snapshot, row.flow_digest))
        wording = _Wording(
            flow,
            row.flow_digest,
            snapshot,
            Flow(name=row.flow_name, actions=(), id=row.flow_id, version=row.flow_version),
        )
        request = StartRequest(
            input=payload.input, journey_id=row.journey_id, outputs=payload.outputs
        )
        created = await store.create(self._new(wording, request))
        self._live.work.set()
        return created.id

    async def delete(self, id_: str) -> None:
        """Delete an execution that has ended.

        Raises:
            NotFound: there is no such execution.
            Conflict: it has not ended.
        """
        if not await self._engine.store.delete(id_):
            row = await self._row(id_)
            raise Conflict(
                f"expected an execution that has ended, found {id_} {row.status}",
                hint="Cancel it first.",
            )

    async def prune(self, *, older_than: datetime) -> int:
        """Delete what ended before *older_than*, in small batches; return how many."""
        total = 0
        while deleted := await self._engine.store.prune(ended_before=older_than):
            total += deleted
            await asyncio.sleep(0)
        return total

    def events(self, id_: str, *, after: int = -1) -> AsyncIterator[JsonObject]:
        """Follow an execution until it ends: its events with a ``seq`` over *after*, in order.

        Each is ``{seq, type, at[, step][, status]}``: ``execution_started``, ``step_started``,
        ``step_completed``, ``step_failed``, ``step_delayed``, ``execution_finished``. Every value
        in them is masked.

        Raises:
            NotFound: there is no such execution (at the first step of the iteration).
        """
        return follow(self._engine.store, self._live, id_, after=after)

    async def _row(self, id_: str) -> ExecutionRow:
        row = await self._engine.store.get(id_)
        if row is None:
            raise NotFound(f"expected an execution, found none with the id {id_!r}")
        return row


async def _next_end(queue: asyncio.Queue[JsonObject]) -> None:
    """Return when a listener hears of an end, or when it is time to look at the store again."""
    try:
        async with asyncio.timeout(_POLL_S):
            while (await queue.get())["type"] != "execution_finished":
                pass
    except TimeoutError:
        return


def _seq_of(token: str) -> int:
    found = _CHECKPOINT.fullmatch(token)
    if found is None:
        msg = f"{token!r} is not what a page gave"
        raise ValueError(msg)
    return int(found[1])
