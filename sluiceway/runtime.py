"""Run flows inside another program.

    from sluiceway import Runtime

    with Runtime() as runtime:
        run = runtime.run("welcome.json", fields={"email": "ada@example.com"}, connections="local")
        print(run.status, run.output)

Without a database, everything is in memory and gone at the end. ``AsyncRuntime`` is the same for
programs with an event loop.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from sluiceway.api.app import build_app
from sluiceway.api.services import Services
from sluiceway.bootstrap import open_application
from sluiceway.engine.binding import ANYWHERE, Binding, bind_connections, fill_connections
from sluiceway.engine.outbox_content import open_content
from sluiceway.engine.outbox_record import shown_message
from sluiceway.errors import DefinitionError, UsageError
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.flow_files import FlowEntry, load_flow_bundle
from sluiceway.settings import load_settings
from sluiceway.storage.durable import OutboxFilter

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from types import TracebackType
    from typing import Self

    from sluiceway.bootstrap import Application
    from sluiceway.models.flow_files import ConnectionStub
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["AsyncRuntime", "Run", "Runtime", "Step"]

_MOST_MESSAGES: Final = 500
_MEMORY: Final = "sqlite:///:memory:"
T = TypeVar("T")


class Step(msgspec.Struct, frozen=True):
    """One step of a run; its values are masked as in every record."""

    id: str
    name: str
    status: str
    status_code: int | None
    input: JsonValue
    output: JsonValue
    error: JsonObject | None


class Run(msgspec.Struct, frozen=True):
    """One execution that ended. *record* is all of it, as the API shows it."""

    id: str
    status: ExecutionStatus
    output: JsonValue
    error: JsonObject | None
    steps: tuple[Step, ...]
    record: JsonObject

    @property
    def succeeded(self) -> bool:
        """Whether it is COMPLETED."""
        return self.status is ExecutionStatus.COMPLETED

    def step(self, id_: str) -> Step:
        """Return the step of that id.

        Raises:
            KeyError: the run did not reach it.
        """
        for step in self.steps:
            if step.id == id_:
                return step
        raise KeyError(id_)

    @classmethod
    def from_record(cls, record: JsonObject) -> Run:
        """Read a record with its ``debug``."""
        debug = cast("dict[str, Any]", record["debug"])
        steps = tuple(
            Step(
                id=step["id"],
                name=f"{step['type']}/{step['action']}",
                status=step["status"],
                status_code=step["status_code"],
                input=step["input"],
                output=step["output"],
                error=step["error"],
            )
            for step in debug["steps"]
        )
        status = ExecutionStatus(str(record["status"]))
        return cls(str(record["id"]), status, debug["output"], debug["error"], steps, record)


class AsyncRuntime:
    """Runs flows on an event loop. Use it with ``async with``."""

    def __init__(self, database: str | None = None, **settings: str) -> None:
        """Prepare; nothing is opened yet.

        Args:
            database: ``sqlite:///PATH`` or ``postgresql://…``; in memory without it.
            settings: further settings by name, ``allow_hosts="127.0.0.1"`` say; environment and
                ``sluiceway.toml`` do not count here.
        """
        self._flags = {"database_url": database or _MEMORY, **settings}
        self._stack = AsyncExitStack()
        self._application: Application | None = None

    async def __aenter__(self) -> Self:
        """Open the database and start a worker.

        Raises:
            StorageError: the database cannot be opened.
            UsageError: a setting cannot be used.
        """
        home = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
        settings = load_settings(environment=home, folder=Path.cwd(), flags=self._flags)
        application = await self._stack.enter_async_context(
            open_application(
                settings, make_api=lambda made: build_app(Services(tenant=made.tenant))
            )
        )
        worker = application.new_worker()
        working = asyncio.create_task(worker.run())
        # Let it begin: a worker that is stopped before would not have heard.
        await asyncio.sleep(0)

        async def stop() -> None:
            worker.stop()
            with suppress(asyncio.CancelledError):
                await working

        self._stack.push_async_callback(stop)
        self._application = application
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the worker and close the database."""
        self._application = None
        await self._stack.__aexit__(kind, error, trace)

    async def run(
        self,
        flow: str | Path | JsonObject | list[JsonValue],
        *,
        name: str | None = None,
        context: JsonObject | None = None,
        fields: JsonObject | None = None,
        vars: JsonObject | None = None,  # noqa: A002 - the language's own name for it
        connections: str | Mapping[str, str] | None = None,
    ) -> Run:
        """Run a flow to its end and return what happened; a failed execution is no exception.

        Args:
            flow: a file or folder in any of the forms the command takes, or the flow as JSON.
            name: which flow, where the file holds several.
            context: what ``{{ context }}`` reads.
            fields: what ``{{ fields }}`` reads.
            vars: what ``{{ vars }}`` reads.
            connections: the vault connection for everything the vault does not have, or names by
                the flow's own tokens; ``"local"`` is the embedded tenant.

        Raises:
            DefinitionError: the flow is not one.
            ConnectionUnusable: it names a connection that is not there.
        """
        application = self._opened()
        entry, stubs = _read(flow, name)
        chosen = {ANYWHERE: connections} if isinstance(connections, str) else connections or {}
        binding = Binding(chosen=chosen, stubs=stubs, offer=_offer)
        entry = fill_connections(entry, application.actions, binding)
        _refuse_problems(entry, application)
        bound = await bind_connections(entry, application.connections, binding)
        input_ = ExecutionInput(context=context or {}, fields=fields or {}, vars=vars or {})
        id_ = await application.executions.start(bound, input_)
        async for _ in application.executions.events(id_):
            pass
        return Run.from_record(await application.executions.get(id_, debug=True))

    async def messages(self) -> list[JsonObject]:
        """Return the latest messages in the outbox, as the API shows them, newest first.

        ``content`` is what was rendered: ``subject`` and ``html`` of an email, ``text`` of a text
        message or a call.
        """
        application = self._opened()
        rows = await application.store.outbox.list(OutboxFilter(), limit=_MOST_MESSAGES)
        return [
            {**shown_message(row), "content": open_content(row, application.keyring).as_json()}
            for row in rows
        ]

    def _opened(self) -> Application:
        if self._application is None:
            raise UsageError(
                "expected the runtime to be open", hint="Write: async with AsyncRuntime() as …"
            )
        return self._application


_PASSED_ON: Final = frozenset({"SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY"})


class Runtime:
    """Runs flows without an event loop. Use it with ``with``; threads may share it."""

    def __init__(self, database: str | None = None, **settings: str) -> None:
        """See ``AsyncRuntime``."""
        self._inner = AsyncRuntime(database, **settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="sluiceway", daemon=True
        )

    def __enter__(self) -> Self:
        """See ``AsyncRuntime``; the loop runs in a thread of its own."""
        self._thread.start()
        self._wait(self._inner.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the worker, close the database, end the thread."""
        self._wait(self._inner.__aexit__(kind, error, trace))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(
        self,
        flow: str | Path | JsonObject | list[JsonValue],
        *,
        name: str | None = None,
        context: JsonObject | None = None,
        fields: JsonObject | None = None,
        vars: JsonObject | None = None,  # noqa: A002 - the language's own name for it
        connections: str | Mapping[str, str] | None = None,
    ) -> Run:
        """See ``AsyncRuntime.run``."""
        return self._wait(
            self._inner.run(
                flow,
                name=name,
                context=context,
                fields=fields,
                vars=vars,
                connections=connections,
            )
        )

    def messages(self) -> list[JsonObject]:
        """See ``AsyncRuntime.messages``."""
        return self._wait(self._inner.messages())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _read(
    flow: str | Path | JsonObject | list[JsonValue], name: str | None
) -> tuple[FlowEntry, dict[str, ConnectionStub]]:
    if isinstance(flow, str | Path):
        bundle = load_flow_bundle(Path(flow))
        return bundle.pick(name), bundle.connections
    made = Flow.from_json(flow, name=name or "flow")
    return FlowEntry(flow=made, token=made.name, at="", is_bare=isinstance(flow, list)), {}


def _refuse_problems(entry: FlowEntry, application: Application) -> None:
    from sluiceway.actions.validation import validate_flow  # noqa: PLC0415 - loads the schemas

    for problem in validate_flow(entry.flow, application.actions):
        raise DefinitionError(problem.message, at=entry.place(problem.at), hint=problem.hint)


def _offer(token: str, name: str) -> str:
    if not name:
        return f"Make the connection in the vault, then: connections={{{token!r}: NAME}}"
    chosen = f"{{{token!r}: {name!r}}}" if token else repr(name)
    return f"Run it on the embedded tenant: connections={chosen}"
