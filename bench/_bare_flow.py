"""The limit: the same calls in a bare aiohttp script that keeps nothing, behind an HTTP trigger.

python -m bench._bare_flow TENANT CA PORT
"""

from __future__ import annotations

import ssl
import sys
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEADERS = {"authorization": "Bearer bench-token"}
MAIL = {"to": "ada@example.com", "subject": "Hello Ada", "html": "<p>Hello Ada</p>"}


def main() -> None:
    """Serve ``POST /real`` and ``POST /noop``."""
    tenant, authority, port = sys.argv[1:]
    app = web.Application()

    async def open_session(app: web.Application) -> AsyncIterator[None]:
        context = ssl.create_default_context(cafile=authority)
        connector = aiohttp.TCPConnector(ssl=context, limit=100)
        async with aiohttp.ClientSession(f"https://{tenant}", connector=connector) as session:
            app["session"] = session
            yield

    async def real(request: web.Request) -> web.Response:
        session: aiohttp.ClientSession = request.app["session"]
        path = "/api/v2/users/auth0%7Cada"
        async with session.get(path, headers=HEADERS) as answer:
            user = await answer.json()
            found = answer.status == 200
        if found:
            changes = {"app_metadata": {"seen": user["email"]}}
            async with session.patch(path, json=changes, headers=HEADERS) as answer:
                await answer.read()
            async with session.post("/mail", json=MAIL) as answer:
                await answer.read()
        return web.json_response({"ok": found})

    async def noop(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app.cleanup_ctx.append(open_session)
    app.router.add_post("/real", real)
    app.router.add_post("/noop", noop)
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main()
