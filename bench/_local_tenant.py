"""A tenant that does nothing but answer, over https: what every candidate calls.

    python -m bench._local_tenant CERTIFICATE KEY

Prints its port. One user, one token, one place that takes mail.
"""

from __future__ import annotations

import asyncio
import ssl
import sys

from aiohttp import web

USER = {"user_id": "auth0|ada", "email": "ada@example.com", "name": "Ada", "email_verified": True}
TOKEN = {"access_token": "bench-token", "token_type": "Bearer", "expires_in": 86_400}


async def _token(_: web.Request) -> web.Response:
    return web.json_response(TOKEN)


async def _user(request: web.Request) -> web.Response:
    if request.method == "PATCH":
        await request.read()
    return web.json_response(USER)


async def _mail(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({"id": "m1"}, status=202)


async def main() -> None:
    """Serve until the process is stopped."""
    app = web.Application()
    app.router.add_post("/oauth/token", _token)
    app.router.add_route("*", "/api/v2/users/{id}", _user)
    app.router.add_post("/mail", _mail)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
