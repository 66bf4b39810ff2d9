"""Serve the API and the console, with a worker beside it, until the process is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import click
import msgspec
from msgspec.structs import replace

from sluiceway.cli._collector import spare_the_collector
from sluiceway.cli._remote import SERVER_FILE
from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from sluiceway.api.services import Services
    from sluiceway.bootstrap import Application
    from sluiceway.cli._stopping import SignallessServer
    from sluiceway.cli._tls import LocalCertificate
    from sluiceway.engine.crew import Crew
    from sluiceway.models.json import JsonObject
    from sluiceway.settings import Settings

__all__ = [
    "ServeOptions",
    "is_loopback",
    "parse_rate_limit",
    "print_authority",
    "serve",
    "services_for",
]

_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)/s(?::(\d+))?")


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to serve. *workers* is whether executions run in this process too."""

    host: str = "127.0.0.1"
    port: int = 4080
    tls: bool = False
    is_development: bool = False
    workers: bool = True
    concurrency: int | None = None


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach *host*."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_rate_limit(text: str) -> tuple[float, int] | None:
    """Return rate and burst of ``16/s:50``; ``None`` for ``""``.

    Raises:
        UsageError: it is no rate.
    """
    if not text:
        return None
    found = _RATE.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"tenant_rate_limit: expected a rate like 16/s:50, found {text!r}")
    rate = float(found[1])
    return rate, int(found[2] or max(1, round(rate)))


def services_for(
    application: Application, *, is_development: bool = False, is_secure: bool = False
) -> Services:
    """Return what the API works on."""
    from sluiceway.api.services import Services  # noqa: PLC0415 - only by commands that serve

    return Services(
        tenant=application.tenant,
        store=application.store,
        connections=application.connections,
        executions=application.executions,
        actions=application.actions,
        tenant_names=application.world.tenant_settings,
        trials=application.new_trials(),
        connection_trials=application.new_connection_trials(),
        vault_keys=application.new_vault_keys(),
        transport=application.transport,
        rate_limit=parse_rate_limit(application.settings.tenant_rate_limit),
        is_development=is_development,
        is_secure=is_secure,
        console_client_id=application.client.client_id if is_development else "",
    )


async def serve(
    settings: Settings,
    options: ServeOptions,
    *,
    ready: Callable[[Application, str, LocalCertificate | None], Awaitable[None]],
) -> None:
    """Serve until SIGINT or SIGTERM; *ready* is called with the URL once requests are answered.

    Raises:
        UsageError: the address cannot be bound.
    """
    import uvicorn  # noqa: PLC0415 - heavy, only by commands that serve

    from sluiceway.api.app import build_app  # noqa: PLC0415
    from sluiceway.api.server import build_server  # noqa: PLC0415
    from sluiceway.api.services import Services  # noqa: PLC0415
    from sluiceway.bootstrap import open_application  # noqa: PLC0415
    from sluiceway.cli._stopping import SignallessServer, stopping  # noqa: PLC0415
    from sluiceway.telemetry.logs import configure_logging  # noqa: PLC0415
    from sluiceway.telemetry.setup import observe  # noqa: PLC0415

    listener = _bind(options.host, options.port)
    port: int = listener.getsockname()[1]
    if settings.origins.get("domain") == "default":
        settings = replace(settings, domain=f"localhost:{port}")
    certificate = _certificate(settings, options) if options.tls else None
    scheme = "https" if certificate else "http"
    configure_logging(settings.log_format)
    async with (
        open_application(
            settings, make_api=lambda application: build_app(Services(tenant=application.tenant))
        ) as application,
        observe(application.engine.observers, settings, application.transport) as metrics,
    ):
        services = replace(
            services_for(
                application,
                is_development=options.is_development and is_loopback(options.host),
                # Beyond this machine, cookies must not travel in clear: a proxy adds https.
                is_secure=certificate is not None or not is_loopback(options.host),
            ),
            metrics=metrics.lines,
        )
        config = uvicorn.Config(
            build_server(services),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            # Clients that think for a while between calls (deploy-cli does) reuse a connection.
            timeout_keep_alive=300,
            timeout_graceful_shutdown=5,
            ssl_certfile=str(certificate.certificate) if certificate else None,
            ssl_keyfile=str(certificate.key) if certificate else None,
        )
        server = SignallessServer(config)
        name = settings.domain if is_loopback(options.host) else f"{options.host}:{port}"
        url = f"{scheme}://{name}"
        place = _Place(url=url, host=options.host, port=port, certificate=certificate)
        crew = application.new_crew(works=options.workers, concurrency=options.concurrency)
        # Signals are listened to until the crew has ended: a second one ends the waiting for it.
        with stopping(server, crew):
            async with _working(crew, server), _announced(application, place):
                serving = asyncio.create_task(server.serve(sockets=[listener]))
                while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn has a flag, no event
                    await asyncio.sleep(0.005)
                spare_the_collector()
                if server.started:
                    await ready(application, url, certificate)
                await serving
    click.echo("Stopped.")


@asynccontextmanager
async def _working(crew: Crew, server: SignallessServer) -> AsyncGenerator[None]:
    task = asyncio.create_task(crew.run())
    try:
        yield
    finally:
        if not server.should_exit:  # else a signal has stopped it; twice means without waiting
            crew.stop()
        await task


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is."""

    url: str
    host: str
    port: int
    certificate: LocalCertificate | None


@asynccontextmanager
async def _announced(application: Application, place: _Place) -> AsyncGenerator[None]:
    """Keep ``server.json`` while the server runs: other commands find it there."""
    if application.settings.sqlite_path is None:
        yield
        return
    path = application.settings.state_folder / SERVER_FILE
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
    certificate = place.certificate
    document: JsonObject = {
        "url": place.url,
        "address": [everywhere.get(place.host, place.host), place.port],
        "domain": application.settings.domain,
        "pid": os.getpid(),
        "client_id": application.client.client_id,
        "client_secret": application.client.secret,
        "ca_file": str(certificate.authority.resolve()) if certificate else None,
    }
    _write_private(path, json.dumps(document, indent=2))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host} port {port}: {_plain(error)}",
            hint="Choose another with --port, or stop what uses it.",
        ) from error


def _plain(error: OSError) -> str:
    """Return the system's words for *error*, without those that Python adds."""
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _certificate(settings: Settings, options: ServeOptions) -> LocalCertificate:
    from sluiceway.cli._tls import ensure_certificate  # noqa: PLC0415 - only with --tls

    names = {settings.domain.rpartition(":")[0] or settings.domain}
    if options.host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        names.add(options.host)
    return ensure_certificate(settings.state_folder / "tls", sorted(names))


def print_authority(certificate: LocalCertificate | None) -> None:
    """Print the lines that make clients trust the local authority."""
    if certificate is None:
        return
    path = certificate.authority.resolve()
    click.echo("Clients trust this server after:")
    click.echo(f"  export SSL_CERT_FILE={path}")
    click.echo(f"  export NODE_EXTRA_CA_CERTS={path}")
