"""``doctor --leaks``: plant canaries, run flows, search everything that was written.

It works in a folder and on a database of its own, with everything that a server has: a worker, the
outbox, logs, events, a webhook. Nothing leaves the machine: one host stands for all others, and
repeats what it is sent in every encoding.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from msgspec.structs import asdict

from sluiceway.cli._leak_canaries import ECHO_HOST, GIVES, Canaries, flows_with
from sluiceway.cli._leak_search import LeakSearch, encodings_of
from sluiceway.cli._serving import services_for
from sluiceway.cli._session import open_here
from sluiceway.engine.outbox_content import open_content
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.flow import Flow
from sluiceway.models.message import EmailContent
from sluiceway.outbound.base import OutboundResponse
from sluiceway.settings import load_settings
from sluiceway.storage.durable import OutboxFilter, OutboxStatus
from sluiceway.telemetry.logs import configure_logging
from sluiceway.telemetry.setup import observe

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sluiceway.bootstrap import Application
    from sluiceway.cli._leak_search import Hit
    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.asgi import RoutingTransport
    from sluiceway.outbound.base import OutboundRequest, Transport

__all__ = ["LeakReport", "search_leaks"]

_HOOK_HOST: Final = "hook.leaks.example"
_REFUSING_HOST: Final = "refusing.leaks.example"
_END_WITHIN_S: Final = 60.0
# These hold secrets by their nature, and are for their owner's eyes only.
_KEY_FILES: Final = frozenset({"vault.key", "client.json"})


class LeakReport(msgspec.Struct):
    """What was planted, run and searched, and what was found where it must not be."""

    canaries: list[str] = msgspec.field(default_factory=list["str"])
    executions: dict[str, str] = msgspec.field(default_factory=dict["str", "str"])
    places: dict[str, int] = msgspec.field(default_factory=dict["str", "int"])
    hits: list[Hit] = msgspec.field(default_factory=list["Hit"])
    echoed: int = 0
    control: list[Hit] = msgspec.field(default_factory=list["Hit"])
    """Where the one value was found that nobody hides: without it, nothing was searched well."""

    @property
    def is_good(self) -> bool:
        """Whether nothing was found, although what is not hidden was."""
        return not self.hits and self.echoed > 0 and bool(self.control)

    def as_json(self) -> JsonObject:
        """Return the report for programs."""
        return {
            "ok": self.is_good,
            "canaries": [*self.canaries],
            "executions": dict(self.executions),
            "searched": dict(self.places),
            "searched_bytes": sum(self.places.values()),
            "echoed": self.echoed,
            "control_found_in": [*sorted({hit.place for hit in self.control})],
            "hits": [cast("JsonObject", asdict(hit)) for hit in self.hits],
        }


class _Echo:
    """Answers with what it was asked, in every encoding; keeps how often."""

    def __init__(self, gives: str = "") -> None:
        self.bodies: list[bytes] = []
        self.count = 0
        self._gives = gives

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """See ``Transport``."""
        self.count += 1
        self.bodies.append(request.body)
        # Some services tell more than they should.
        sent = [request.url, *request.headers.values(), request.body.decode("utf-8", "replace")]
        sent += [_decoded(text) for text in request.headers.values()]
        words = [word for text in sent for word in (text, *text.split(), *text.split('"')) if word]
        told = {name: value for word in words for name, value in _encoded(word)}
        if request.url.endswith(GIVES):
            told |= dict(_encoded(self._gives))
        answer = {"you_sent": sent, "encoded": told, "url": request.url}
        return OutboundResponse(
            status=200,
            headers={"content-type": "application/json", "x-you-sent": json.dumps(sent)[:4000]},
            body=json.dumps(answer).encode(),
        )


class _Refusal:
    """A tenant that refuses a token and quotes what it was sent."""

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """See ``Transport``."""
        form = dict(part.split("=", 1) for part in request.body.decode().split("&"))
        from urllib.parse import unquote_plus  # noqa: PLC0415 - here only

        said = f"{unquote_plus(form['client_secret'])} ({form['client_secret']}) is wrong"
        document = {"error": "invalid_client", "error_description": said}
        return OutboundResponse(status=401, headers={}, body=json.dumps(document).encode())


def _encoded(word: str) -> Iterator[tuple[str, str]]:
    for name, value in encodings_of(word):
        if name != "reversed":
            yield f"{name} of {len(word)} characters", value


def _decoded(text: str) -> str:
    import base64  # noqa: PLC0415 - here only

    scheme, _, rest = text.partition(" ")
    if scheme != "Basic":
        return text
    with contextlib.suppress(ValueError):
        return base64.b64decode(rest).decode("utf-8", "replace")
    return text


async def search_leaks() -> LeakReport:
    """Plant, run, search; return what was found.

    Raises:
        SluicewayError: the trial itself could not be carried out.
    """
    report = LeakReport()
    with tempfile.TemporaryDirectory(prefix="sluiceway-leaks-") as name, _logs() as log:
        folder = Path(name)
        canaries = Canaries()
        found, searched = dict(canaries.as_mapping()), dict[str, bytes]()
        await _run(folder, canaries, report, found, searched)
        searched["log lines"] = log.getvalue().encode()
        searched |= _files(folder)
        search, control = LeakSearch(found), LeakSearch({"not hidden": canaries.not_hidden})
        report.canaries = sorted(found)
        for place, data in searched.items():
            report.places[place] = len(data)
            report.hits += search.look(place, data)
            report.control += control.look(place, data)
    return report


def _files(folder: Path) -> dict[str, bytes]:
    return {
        f"file {path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in _KEY_FILES
    }


@contextlib.contextmanager
def _logs() -> Generator[io.StringIO]:
    """Collect every log line, the chattiest too, as a server would write them."""
    stream, root = io.StringIO(), logging.getLogger()
    own = logging.getLogger("sluiceway")
    before = (root.handlers[:], root.level, own.level)
    configure_logging("json", stream=stream)
    root.setLevel(logging.DEBUG)
    own.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.handlers[:], level, own_level = before
        root.setLevel(level)
        own.setLevel(own_level)


async def _run(
    folder: Path,
    canaries: Canaries,
    report: LeakReport,
    found: dict[str, str],
    searched: dict[str, bytes],
) -> None:
    settings = load_settings(
        environment={
            "SLUICEWAY_DATABASE_URL": f"sqlite:///{folder / 'leaks.db'}",
            "SLUICEWAY_WEBHOOK_URL": f"https://{_HOOK_HOST}/",
            "SLUICEWAY_WEBHOOK_SECRET": "only-signs",
        },
        folder=folder,
    )
    echo, hook = _Echo(gives=canaries.masked_output), _Echo()
    async with (
        open_here(settings) as application,
        observe(
            application.engine.observers, settings, application.transport, environment={}
        ) as metrics,
    ):
        inside = cast(
            "dict[str, Transport]", cast("RoutingTransport", application.transport).inside
        )
        inside |= {ECHO_HOST: echo, _HOOK_HOST: hook, _REFUSING_HOST: _Refusal()}
        connections = await _plant(application, canaries)
        crew = application.new_crew()
        working = asyncio.create_task(crew.run())
        try:
            for document, fields in flows_with(canaries, connections):
                await _execute(application, document, fields, report, searched)
            await _wait_for_capture(application)
        finally:
            crew.stop()
            await working
        report.echoed = echo.count
        await _plant_provider(application, canaries)
        await _collect(application, found, searched)
        searched["metrics"] = "\n".join(metrics.lines()).encode()
        # While the database is open: the journal beside it may hold what its file does not.
        searched |= {f"{name}, while open": data for name, data in _files(folder).items()}
    searched["events posted to the webhook"] = b"\n".join(hook.bodies)


async def _plant(application: Application, canaries: Canaries) -> dict[str, str]:
    from sluiceway.management import clients  # noqa: PLC0415 - here only

    environment = application.tenant.environment
    await clients.add_client(
        environment,
        name="canary",
        client_id="canary",
        secret=canaries.client_secret,
        is_drawn=False,
        scopes=("create:users", "read:users"),
    )
    domain = application.settings.domain
    tenant = {"type": "OAUTH_APP", "domain": domain, "client_id": "canary"}
    setups: dict[str, tuple[str, JsonObject]] = {
        "bearer": ("HTTP", {"type": "BEARER", "token": canaries.bearer_token}),
        "basic": (
            "HTTP",
            {"type": "BASIC_AUTH", "username": "me", "password": canaries.basic_password},
        ),
        "key_header": (
            "HTTP",
            {"type": "API_KEY", "name": "x-key", "value": canaries.api_key, "in": "HEADER"},
        ),
        "key_query": (
            "HTTP",
            {"type": "API_KEY", "name": "key", "value": canaries.api_key, "in": "QUERY"},
        ),
        "tenant": ("AUTH0", {**tenant, "client_secret": canaries.client_secret}),
        "refused": (
            "AUTH0",
            {**tenant, "domain": _REFUSING_HOST, "client_secret": canaries.wrong_client_secret},
        ),
        "jwt": ("JWT", {"type": "JWT", "algorithm": "HS256", "secret": canaries.signing_secret}),
    }
    made = {
        name: await application.connections.create(name=name, app_id=app_id, setup=setup)
        for name, (app_id, setup) in setups.items()
    }
    return {name: connection.id for name, connection in made.items()}


async def _plant_provider(application: Application, canaries: Canaries) -> None:
    from sluiceway.management.email_provider import create_provider  # noqa: PLC0415 - here only

    await create_provider(
        application.tenant.environment,
        {
            "name": "sendgrid",
            "enabled": False,
            "credentials": {"api_key": canaries.provider_key},
            "default_from_address": "no-reply@leaks.example",
        },
    )


async def _execute(
    application: Application,
    document: JsonObject,
    fields: JsonObject,
    report: LeakReport,
    searched: dict[str, bytes],
) -> None:
    name = str(document["name"])
    given = ExecutionInput(fields=fields)
    id_ = await application.executions.start(Flow.from_json(document), given)
    events = [event async for event in application.executions.events(id_)]
    await application.executions.wait(id_, timeout_s=_END_WITHIN_S)
    record = await application.executions.get(id_, debug=True)
    report.executions[name] = str(record["status"])
    searched[f"execution {name}"] = json.dumps(record, ensure_ascii=False).encode()
    # What a client is told while it runs is masked by what is known at that moment.
    searched[f"events of {name}"] = json.dumps(events, ensure_ascii=False).encode()


async def _wait_for_capture(application: Application) -> None:
    """Wait until the outbox was looked through: there is no provider, so mail is captured."""
    for _ in range(200):
        rows = await application.store.outbox.list(OutboxFilter())
        if all(row.status not in {OutboxStatus.QUEUED, OutboxStatus.SENDING} for row in rows):
            return
        await asyncio.sleep(0.02)


async def _collect(
    application: Application, found: dict[str, str], searched: dict[str, bytes]
) -> None:
    """Take what the API tells, and the secrets that were only made while flows ran."""
    ring = application.keyring
    for row in await application.store.sealed.list("shared_value", limit=1000):
        token: Any = json.loads(ring.open(row.value, identity=row.key[0]))
        # What stands before the last dot is alike in all tokens, and no secret.
        found[f"access token of {row.key[0]}"] = str(token["text"]).rpartition(".")[2]
    for message in await application.store.outbox.list(OutboxFilter()):
        content = open_content(message, ring)
        if isinstance(content, EmailContent):
            found["one-time code"] = content.subject.removeprefix("Code ")
    from sluiceway.api.app import build_app  # noqa: PLC0415 - here only
    from sluiceway.cli._leak_api import answers_of  # noqa: PLC0415

    services = services_for(application)
    async for path, data in answers_of(application, build_app(services)):
        searched[f"GET {path}"] = data
