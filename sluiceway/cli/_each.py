"""``sluiceway run FLOW --each``: the flow for every row of a file, each row once to success."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

import click
import msgspec
from msgspec.structs import replace

from sluiceway.cli._progress import Counts, open_progress, short_time
from sluiceway.errors import UsageError
from sluiceway.models.batch_rows import BatchRow, RowReader
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.json import merged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from sluiceway.bootstrap import Application
    from sluiceway.cli._progress import Progress
    from sluiceway.cli._remote import Api
    from sluiceway.models.batch_rows import RowFormat
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject

__all__ = ["EachOptions", "RunHere", "RunThere", "run_each"]

_STDIN: Final = "-"
_CHUNK: Final = 64 * 1024
_BATCH_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_POSTED_AT_ONCE: Final = 50
_INTERRUPTED: Final = 130
_REFRESH_S: Final = 0.25


class EachOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. *base* is what every row starts from; its own values come over it."""

    source: str
    batch_id: str | None
    base: ExecutionInput
    concurrency: int | None = None
    report: str | None = None
    as_json: bool = False


class Runner(Protocol):
    """Runs rows somewhere, and reports each as it ends."""

    @property
    def waited_s(self) -> float:
        """How long the tenant's limit has held it back, as far as it knows."""
        ...

    async def check(self, batch_id: str) -> None:
        """Refuse a batch that belongs to another flow. Raises ``UsageError``."""
        ...

    def run(self, rows: AsyncIterator[BatchRow], batch_id: str) -> AsyncGenerator[JsonObject]:
        """Yield a report a row; see ``RowReport.as_json``."""
        ...


class RunHere:
    """In this process, with a worker of its own."""

    def __init__(self, application: Application, flow: Flow, concurrency: int | None) -> None:
        """Run *flow* on *application*."""
        self._application = application
        self._flow = flow
        self._concurrency = concurrency or application.settings.concurrency

    @property
    def waited_s(self) -> float:
        """See ``Runner``."""
        return self._application.tenants.limits.waited_s

    async def check(self, batch_id: str) -> None:
        """See ``Runner``."""
        from sluiceway.storage.durable import ExecutionFilter  # noqa: PLC0415 - when used

        store = self._application.store.executions
        for row in await store.list(ExecutionFilter(batch_id=batch_id), limit=1):
            _refuse_other(batch_id, row.flow_name, self._flow.name)

    async def run(self, rows: AsyncIterator[BatchRow], batch_id: str) -> AsyncGenerator[JsonObject]:
        """See ``Runner``."""
        from sluiceway.engine.batches import run_batch  # noqa: PLC0415 - when used

        worker = self._application.new_worker(concurrency=self._concurrency)
        working = asyncio.create_task(worker.run())
        reports = run_batch(
            self._application.executions,
            self._flow,
            rows,
            batch_id=batch_id,
            concurrency=self._concurrency,
        )
        try:
            async for report in reports:
                yield report.as_json()
        except asyncio.CancelledError:
            working.cancel()
            raise
        finally:
            await reports.aclose()
            worker.stop()
            with suppress(asyncio.CancelledError):
                await working


class RunThere:
    """On the server that holds the database; it works as fast as its own settings say."""

    waited_s = 0.0

    def __init__(self, api: Api, flow: Flow, concurrency: int | None) -> None:
        """Run *flow*, whose connections are bound, with *api*."""
        self._api = api
        self._flow = flow
        self._most = concurrency or 4 * _POSTED_AT_ONCE
        self._document: JsonObject = {
            "name": flow.name,
            "actions": [action.as_json() for action in flow.actions],
        }

    async def check(self, batch_id: str) -> None:
        """See ``Runner``."""
        from sluiceway.errors import NotFound  # noqa: PLC0415 - when used

        with suppress(NotFound):
            found = await self._api.call("GET", f"/sluiceway/v1/batches/{_quoted(batch_id)}")
            _refuse_other(batch_id, found["flow"]["name"], self._flow.name)

    async def run(self, rows: AsyncIterator[BatchRow], batch_id: str) -> AsyncGenerator[JsonObject]:
        """See ``Runner``."""
        in_hand: dict[str, bool] = {}
        waiting: list[BatchRow] = []
        is_read = False
        while not is_read or waiting or in_hand:
            while not is_read and len(waiting) < min(_POSTED_AT_ONCE, self._most - len(in_hand)):
                row = await anext(rows, None)
                if row is None:
                    is_read = True
                else:
                    waiting.append(row)
            if waiting:
                in_hand |= await self._post(waiting, batch_id)
                waiting = []
            if in_hand:
                for report in await self._ended(batch_id, list(in_hand)):
                    yield {**report, "was_done": in_hand.pop(str(report["id"]))}

    async def _post(self, rows: list[BatchRow], batch_id: str) -> dict[str, bool]:
        shown = [{**row.input.as_json(), "key": row.name} for row in rows]
        body: Any = {"id": batch_id, "flow": self._document, "rows": shown}
        answer = await self._api.call("POST", "/sluiceway/v1/batches", body)
        return {one["id"]: one["was_done"] for one in answer["rows"]}

    async def _ended(self, batch_id: str, ids: list[str]) -> list[JsonObject]:
        path = f"/sluiceway/v1/batches/{_quoted(batch_id)}/ended"
        body: Any = {"executions": ids[:500]}
        answer = await self._api.call("POST", path, body, query={"wait": 2})
        reports: list[JsonObject] = answer["reports"]
        return reports


async def run_each(runner: Runner, flow_name: str, options: EachOptions) -> int:
    """Run every row, show how far it is, and return the exit status.

    Raises:
        DefinitionError: a row cannot be read; those before it stand.
        UsageError: the source or the report cannot be opened, or the batch is another flow's.
    """
    batch_id = _checked_id(options.batch_id) or f"bat_{secrets.token_hex(6)}"
    await runner.check(batch_id)
    counts = Counts(total=await asyncio.to_thread(_count, options.source))
    stop = asyncio.Event()
    with ExitStack() as stack:
        report = _open_report(stack, options.report)
        stack.callback(_catch_signals(stop))
        progress = open_progress(counts)
        progress.start()
        stack.callback(progress.stop)
        ticking = asyncio.create_task(_tick(runner, counts, progress))
        stack.callback(ticking.cancel)
        try:
            async for line in runner.run(_rows(options, stop), batch_id):
                _note(line, counts)
                if report is not None:
                    report.write(json.dumps(line, ensure_ascii=False) + "\n")
                    report.flush()
        except asyncio.CancelledError:
            if not stop.is_set():
                raise
        finally:
            counts.waited_s = runner.waited_s
    _tell(counts, flow_name, batch_id, as_json=options.as_json, is_stopped=stop.is_set())
    if stop.is_set():
        return _INTERRUPTED
    return 1 if counts.failed else 0


def _checked_id(batch_id: str | None) -> str:
    """Return the id, which the API must be able to name, too; ``""`` where none was chosen."""
    if batch_id is None:
        return ""
    if not _BATCH_ID.fullmatch(batch_id):
        raise UsageError(
            f"expected up to 100 letters, digits and . _ - after --batch, found {batch_id!r}",
            hint="Name it like spring-2026.",
        )
    return batch_id


def _catch_signals(stop: asyncio.Event) -> Callable[[], None]:
    """Let the first signal set *stop*, and the second one wait for nothing; return the undoing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def catch() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in numbers:
        loop.add_signal_handler(number, catch)

    def undo() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    return undo


async def _tick(runner: Runner, counts: Counts, progress: Progress) -> None:
    while True:
        counts.waited_s = runner.waited_s
        progress.update()
        await asyncio.sleep(_REFRESH_S)


def _note(line: JsonObject, counts: Counts) -> None:
    if line["was_done"]:
        counts.done_before += 1
    elif line["status"] == "COMPLETED":
        counts.completed += 1
    else:
        counts.failed += 1


async def _rows(options: EachOptions, stop: asyncio.Event) -> AsyncIterator[BatchRow]:
    """Yield the rows until *stop*; the file is read as they are taken."""
    name = "standard input" if _is_stdin(options.source) else options.source
    reader = RowReader(_format(options.source), name=name)
    with ExitStack() as stack:
        file = _open_source(stack, options.source)
        while not stop.is_set():
            chunk = await _next_chunk(file, stop)
            for row in reader.feed(chunk) if chunk else reader.close():
                if stop.is_set():
                    return
                yield replace(row, input=_over(options.base, row.input))
            if not chunk:
                return


async def _next_chunk(file: IO[bytes], stop: asyncio.Event) -> bytes:
    """Return what can be read, without keeping a stop waiting for a slow pipe."""
    # read1 gives what a pipe has, without waiting until a whole chunk is there.
    read: Any = getattr(file, "read1", file.read)
    reading = asyncio.ensure_future(asyncio.to_thread(read, _CHUNK))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return reading.result() if reading.done() else b""


def _over(base: ExecutionInput, own: ExecutionInput) -> ExecutionInput:
    return ExecutionInput(
        context=merged(base.context, own.context),
        fields=merged(base.fields, own.fields),
        vars=merged(base.vars, own.vars),
    )


def _format(source: str) -> RowFormat:
    name = source.lower()
    if source == _STDIN or name.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    if not name.endswith((".csv", ".tsv")):
        raise UsageError(
            f"expected a file of rows that ends in .csv or .jsonl, found {source!r}",
            hint="From a pipe, --each - takes JSON lines, and --each -.csv takes CSV.",
        )
    return "csv"


def _open_source(stack: ExitStack, source: str) -> IO[bytes]:
    if _is_stdin(source):
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(source).open("rb"))
    except OSError as error:
        raise UsageError(f"cannot read the rows: {error.strerror}", at=source) from error


def _is_stdin(source: str) -> bool:
    return source in {_STDIN, "-.csv", "-.jsonl"}


def _count(source: str) -> int | None:
    """Return how many rows the file has, for the bar; ``None`` for a pipe."""
    if _is_stdin(source):
        return None
    reader, count = RowReader(_format(source), name=source), 0
    with ExitStack() as stack:
        file = _open_source(stack, source)
        while chunk := file.read(_CHUNK):
            count += sum(1 for _ in reader.feed(chunk))
    return count + sum(1 for _ in reader.close())


def _open_report(stack: ExitStack, path: str | None) -> IO[str] | None:
    if path is None:
        return None
    try:
        # Appended to: a batch that goes on adds what it did.
        return stack.enter_context(Path(path).open("a", encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot write the report: {error.strerror}", at=path) from error


def _refuse_other(batch_id: str, found: str, expected: str) -> None:
    if found != expected:
        raise UsageError(
            f"expected a batch of the flow {expected!r}, found that {batch_id!r} ran {found!r}",
            hint="Choose another --batch.",
        )


def _tell(
    counts: Counts, flow_name: str, batch_id: str, *, as_json: bool, is_stopped: bool
) -> None:
    if as_json:
        shown: JsonObject = {
            "batch": batch_id,
            "flow": flow_name,
            "completed": counts.completed,
            "failed": counts.failed,
            "done_before": counts.done_before,
            "took_s": round(counts.took_s, 3),
            "held_back_s": round(counts.waited_s, 3),
            "is_stopped": is_stopped,
        }
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    before = f", {counts.done_before} done before" if counts.done_before else ""
    click.echo(
        f"{flow_name}: {counts.completed} completed, {counts.failed} failed{before}, "
        f"in {short_time(counts.took_s)} ({counts.mean_rate:.1f}/s)"
    )
    if counts.waited_s >= 1:
        click.echo(f"Held back for {short_time(counts.waited_s)} by the tenant's limit.")
    if is_stopped:
        click.echo(f"Stopped. The same command with --batch {batch_id} does what is left.")
    elif counts.failed:
        click.echo(f"The same command with --batch {batch_id} tries what failed again.")
    else:
        click.echo(f"Batch {batch_id}.")


def _quoted(text: str) -> str:
    return quote(text, safe="")
