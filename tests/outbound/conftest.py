"""A real HTTP server on the loopback interface, whose answers a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import pytest
from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve: TypeAlias = Callable[[Handler], AbstractAsyncContextManager[str]]


@pytest.fixture
def serve() -> Serve:
    """Return a context manager that serves a handler and gives its base URL."""

    @asynccontextmanager
    async def run(handler: Handler):  # type: ignore[no-untyped-def]  # noqa: ANN202
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()
            await asyncio.sleep(0)

    return run
