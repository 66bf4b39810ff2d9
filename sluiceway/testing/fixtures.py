"""What the fixtures give: a stage in a thread, and plain objects that work on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, overload

from sluiceway.errors import NotFound, UsageError
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.flow import Flow
from sluiceway.models.flow_files import load_flow_bundle
from sluiceway.rehearsal.mocks import HttpMock, Mocks, StepMock
from sluiceway.testing.session import new_stage
from sluiceway.testing.tenants import add_code, add_user, call_tenant, find_user

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.clock import StandingClock
    from sluiceway.rehearsal.stage import Rehearsed, Stage

__all__ = ["FlowRunner", "Outbox", "StageThread", "TestTenant", "http"]

T = TypeVar("T")

_PATIENCE_S: Final = 120.0


def http(
    url: str,
    *,
    method: str | None = None,
    status: int = 200,
    answer: JsonValue = None,
    headers: Mapping[str, str] | None = None,
    fails: str = "",
    times: int | None = None,
) -> HttpMock:
    """Return an exchange for ``run_flow(http=[…])``.

    Args:
        url: the address; ``*`` stands for anything, ``/…/`` is a regular expression.
        method: any without it.
        status: of the answer.
        answer: its body: JSON, or a text as it is.
        headers: its headers.
        fails: ``unreachable`` or ``timeout``, in place of an answer.
        times: how often it answers; always without it.
    """
    return HttpMock(
        url=url,
        method=method,
        status=status,
        answer=answer,
        answer_headers=headers or {},
        failure=fails,
        times=times,
    )


class Outbox(Sequence["JsonObject"]):
    """The messages that flows queued, in order; each is a mapping.

    Keys: ``step``, ``channel`` (email, sms, call), ``to``, ``text``, ``from``; of an email also
    ``subject`` and ``html``.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._messages: list[JsonObject] = []

    @overload
    def __getitem__(self, index: int) -> JsonObject: ...

    @overload
    def __getitem__(self, index: slice) -> list[JsonObject]: ...

    def __getitem__(self, index: int | slice) -> JsonObject | list[JsonObject]:
        """Return one message, or several."""
        return self._messages[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __repr__(self) -> str:
        shown = [f"{m.get('channel')} to {m.get('to')}" for m in self._messages]
        return f"Outbox({', '.join(shown) or 'empty'})"

    def add(self, messages: Sequence[JsonObject]) -> None:
        """Put *messages* behind those that are there."""
        self._messages.extend(messages)

    def clear(self) -> None:
        """Forget all messages."""
        self._messages.clear()


class TestTenant:
    """The embedded tenant of a test."""

    __test__ = False  # not a class of tests

    def __init__(self, thread: StageThread) -> None:
        """Work on the stage of *thread*."""
        self._thread = thread

    def create_user(self, **user: Any) -> JsonObject:
        """Keep a user as given, like ``user_id="auth0|ada", email="ada@example.com"``.

        Raises:
            UsageError: another user has its id, email or name.
        """
        return self._thread.run(add_user(self._thread.stage, user))

    def get_user(self, id_or_email: str) -> JsonObject:
        """Return a user.

        Raises:
            NotFound: there is none of that id or email.
        """
        found = self.find_user(id_or_email)
        if found is None:
            raise NotFound(f"expected a user {id_or_email!r} in the tenant, found none")
        return found

    def find_user(self, id_or_email: str) -> JsonObject | None:
        """Return a user, or ``None``."""
        return self._thread.run(find_user(self._thread.stage, id_or_email))

    def send_code(self, reference: str, code: str) -> None:
        """Keep a one-time code as if it had been sent just now."""
        self._thread.run(add_code(self._thread.stage, reference, code))

    def call(self, method: str, pathname: str, body: Any = None) -> tuple[int, Any]:
        """Call the Management API; return the status and the answer's JSON."""
        return self._thread.run(call_tenant(self._thread.stage, method, pathname, body))


class FlowRunner:
    """Runs flows; call it."""

    def __init__(self, thread: StageThread) -> None:
        """Work on the stage of *thread*."""
        self._thread = thread

    def __call__(
        self,
        flow: Flow | str | Path | Mapping[str, Any] | Sequence[Any],
        *,
        name: str | None = None,
        context: Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
        vars: Mapping[str, Any] | None = None,  # noqa: A002 - the flow's own word
        mocks: Mapping[str, Any] | None = None,
        http: Sequence[HttpMock] = (),
        connections: Mapping[str, Any] | None = None,
        providers: Mapping[str, bool] | None = None,
    ) -> Rehearsed:
        """Run a flow to its end; delays pass at once, and nothing leaves.

        Args:
            flow: a flow, its JSON, or its file (an export or a folder, too).
            name: which flow of an export or a folder.
            context: what ``{{ context }}`` reads.
            fields: what ``{{ fields }}`` reads.
            vars: what ``{{ vars }}`` reads.
            mocks: outputs by the ids of steps; a ``StepMock`` may fail, of a list each run of the
                step takes the next.
            http: what HTTP requests are answered; make them with ``sluiceway.testing.fixtures``'s
                ``http``.
            connections: vault connections by name: ``{app_id, setup}``.
            providers: whether there is a provider, by channel: ``{"email": False}``.

        Returns:
            What the run was: ``status``, ``path``, ``steps``, ``messages``, ``requests``, …
        """
        input_ = ExecutionInput(
            context=dict(context or {}), fields=dict(fields or {}), vars=dict(vars or {})
        )
        steps = {id_: _step_mocks(given) for id_, given in (mocks or {}).items()}
        run = self._thread.run(
            self._thread.stage.run(
                _flow(flow, name),
                input_,
                mocks=Mocks(steps, http),
                setups=cast("Mapping[str, JsonObject]", connections or {}),
                providers=providers,
            )
        )
        self._thread.outbox.add(run.messages)
        return run


def _flow(flow: Flow | str | Path | Mapping[str, Any] | Sequence[Any], name: str | None) -> Flow:
    if isinstance(flow, Flow):
        return flow
    if isinstance(flow, str | Path):
        bundle = load_flow_bundle(Path(flow))
        names = {token: stub.name for token, stub in bundle.connections.items()}
        return bundle.pick(name).flow.with_connections(names)
    document: Any = [*flow] if isinstance(flow, Sequence) else dict(flow)
    return Flow.from_json(document)


def _step_mocks(given: Any) -> list[StepMock]:
    if isinstance(given, StepMock):
        return [given]
    several: list[Any] = [*given] if isinstance(given, list) else []
    if several and all(isinstance(one, StepMock) for one in several):
        return several
    return [StepMock(output=cast("JsonValue", given))]


class StageThread:
    """A stage whose event loop runs in a thread of its own."""

    def __init__(self) -> None:
        """Start the thread and open the stage."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._exits = AsyncExitStack()
        self.stage: Stage = self.run(self._exits.enter_async_context(new_stage()))
        self.outbox = Outbox()
        self.tenant = TestTenant(self)
        self.runner = FlowRunner(self)

    @property
    def clock(self) -> StandingClock:
        """The stage's clock."""
        return self.stage.clock

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* on the stage's loop, and wait for it.

        Raises:
            UsageError: called from the stage's own loop.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise UsageError("expected a test, found a step of a flow that runs another flow")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    def reset(self) -> None:
        """Clear tenant, codes and messages; the clock stands at its start again."""
        self.run(self.stage.reset())
        self.outbox.clear()

    def close(self) -> None:
        """Close the stage and end the thread."""
        self.run(self._exits.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
