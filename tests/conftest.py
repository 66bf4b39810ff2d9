"""A tenant of one's own, inside the process or behind a socket, for tests of the API."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
import uvicorn

from sluiceway.actions.catalogue import InstalledActions
from sluiceway.api.app import build_app
from sluiceway.api.services import Services
from sluiceway.engine.base import Engine
from sluiceway.engine.live import Live
from sluiceway.engine.service import Executions
from sluiceway.management.environment import Environment
from sluiceway.management.tenant import EmbeddedTenant, open_tenant
from sluiceway.models.masking import Masker
from sluiceway.models.timestamps import utc_now
from sluiceway.storage import open_store
from sluiceway.vault.connections import StoredConnections
from sluiceway.vault.keyring import Keyring
from tests.postgres_cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from sluiceway.storage.base import Document, Store

CLIENT_ID = "test-client"
CLIENT_SECRET = "test-secret-of-the-first-client"


@dataclass
class Answer:
    """What a call gave."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Door:
    """Calls an ASGI application without a socket, signed in unless told otherwise."""

    services: Services
    app: Any
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    token: str = ""
    domain: str = "localhost:4080"
    address: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        signed_in: bool = True,
    ) -> Answer:
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = {"host": self.domain, "content-type": "application/json", **self.headers}
        if signed_in:
            sent["authorization"] = f"Bearer {self.token}"
        sent.update(headers or {})
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode(query or {}, doseq=True).encode(),
            "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
            "client": (self.address, 50_000),
        }
        return self.run(self._exchange(scope, data))

    async def _exchange(self, scope: dict[str, Any], data: bytes) -> Answer:
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        start = messages[0]
        text = b"".join(message.get("body", b"") for message in messages[1:])
        answered = {k.decode(): v.decode() for k, v in start["headers"]}
        is_json = answered.get("content-type", "").startswith("application/json")
        value = json.loads(text) if text and is_json else text.decode() or None
        return Answer(status=start["status"], body=value, headers=answered)


def keyring() -> Keyring:
    return Keyring({1: bytes(range(32))})


async def build_tenant(store: Store, **more: Any) -> EmbeddedTenant:
    environment = Environment(
        **{
            "documents": store.documents,
            "shared": store.shared,
            "buckets": store.buckets,
            "sealer": keyring(),
            "domain": "localhost:4080",
            "now": utc_now,
            **more,
        }
    )
    return await open_tenant(environment, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


@pytest.fixture
def run() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run coroutines one after the other on one loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def store(run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Iterator[Store]:
    opened = open_store("sqlite://")
    yield opened
    run(opened.close())


@pytest.fixture(scope="session")
def born_with() -> list[Document]:
    """What a tenant is born with, signing key included: made once, as keys take their time."""

    async def build() -> list[Document]:
        store = open_store("sqlite://")
        tenant = await build_tenant(store)
        await tenant.keys.current()
        kinds = ("connection", "client", "client_grant", "signing_key")
        found = [one for kind in kinds for one in await store.documents.list(kind)]
        await store.close()
        return found

    return asyncio.run(build())


@pytest.fixture
def tenant(
    store: Store, run: Callable[[Coroutine[Any, Any, Any]], Any], born_with: list[Document]
) -> EmbeddedTenant:
    for document in born_with:
        run(store.documents.insert(document))
    return run(build_tenant(store))


def services_of(tenant: EmbeddedTenant, store: Store, **more: Any) -> Services:
    actions = InstalledActions()
    engine = Engine(store=store.executions, actions=actions, sealer=keyring(), new_masker=Masker)
    return Services(
        **{
            "tenant": tenant,
            "store": store,
            "connections": StoredConnections(store.documents, keyring()),
            "actions": actions,
            "executions": Executions(engine, Live()),
            **more,
        }
    )


@pytest.fixture
def door(
    tenant: EmbeddedTenant, store: Store, run: Callable[[Coroutine[Any, Any, Any]], Any]
) -> Door:
    """The whole API in process, signed in as the first client."""
    services = services_of(tenant, store)
    made = Door(services=services, app=build_app(services), run=run)
    answer = made(
        "POST",
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "audience": "https://localhost:4080/api/v2/",
        },
        signed_in=False,
    )
    made.token = answer.body["access_token"]
    return made


@dataclass
class LiveServer:
    """A real server on a port of its own."""

    url: str
    domain: str
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET


@pytest.fixture
def live_server(tmp_path: Path) -> Iterator[LiveServer]:
    """The whole API behind uvicorn, on a fresh database."""
    with running_server(tmp_path) as server:
        yield server


class running_server:  # noqa: N801 - used like a function
    """Serve a fresh tenant from a thread until the block ends."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self._folder, self._more = folder, more

    def __enter__(self) -> LiveServer:
        self._socket = socket.create_server(("127.0.0.1", 0))
        port = self._socket.getsockname()[1]
        domain = f"127.0.0.1:{port}"
        ready = threading.Event()
        self._config = uvicorn.Config(
            app="",
            log_level="warning",
            lifespan="off",
            access_log=False,
            **self._more.pop("uvicorn", {}),
        )
        self._server = uvicorn.Server(self._config)

        def serve() -> None:
            asyncio.run(self._serve(domain, ready))

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        ready.wait(20)
        while not self._server.started:
            time.sleep(0.01)
        scheme = "https" if self._config.is_ssl else "http"
        return LiveServer(url=f"{scheme}://{domain}", domain=domain)

    async def _serve(self, domain: str, ready: threading.Event) -> None:
        store = open_store(f"sqlite:///{self._folder}/tenant.db")
        tenant = await build_tenant(store, domain=domain)
        self._config.app = build_app(services_of(tenant, store, **self._more))
        ready.set()
        await self._server.serve(sockets=[self._socket])
        await store.close()

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()


def encoded(text: str) -> str:
    return quote(text, safe="")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of the tests' own."""
    made = Cluster.make()
    if made is None:
        pytest.skip("PostgreSQL is not installed: run scripts/install_test_servers.sh")
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture
def new_database(cluster: Cluster) -> Callable[[], str]:
    """Return the URL of a fresh PostgreSQL database with each call."""
    return cluster.new_database
