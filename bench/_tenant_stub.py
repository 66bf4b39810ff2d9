"""A tenant that answers at once, over https: ``python bench/_tenant_stub.py FOLDER [RATE BURST]``.

Prints its port once it listens. With RATE and BURST it has Auth0's token bucket and headers, and
counts on ``GET /counts`` what it let through and what it refused.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn

from sluiceway.cli._tls import ensure_certificate

USER = json.dumps({"user_id": "auth0|1", "email": "ada@example.com", "name": "Ada"}).encode()
TOKEN = json.dumps(
    {"access_token": "bench", "token_type": "Bearer", "expires_in": 86400, "scope": ""}
).encode()


class Stub:
    """An ASGI application with a bucket."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.level, self.filled_at = burst, time.time()
        self.let_through = self.refused = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        status, body, headers = self.answer(scope["path"])
        raw = [(b"content-type", b"application/json"), *headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    def answer(self, path: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        if path == "/oauth/token":
            return 200, TOKEN, []
        if path == "/counts":
            counts = {"let_through": self.let_through, "refused": self.refused}
            return 200, json.dumps(counts).encode(), []
        if not self.rate:
            return 200, USER, []
        now = time.time()
        self.level = min(self.burst, self.level + (now - self.filled_at) * self.rate)
        self.filled_at = now
        is_empty = self.level < 1
        self.level -= not is_empty
        headers = [
            (b"x-ratelimit-limit", b"%d" % self.burst),
            (b"x-ratelimit-remaining", b"%d" % int(self.level)),
            (b"x-ratelimit-reset", b"%d" % math.ceil(now + max(0, 1 - self.level) / self.rate)),
        ]
        if is_empty:
            self.refused += 1
            return 429, b'{"statusCode":429,"error":"Too Many Requests"}', headers
        self.let_through += 1
        return 200, USER, headers


async def main(folder: Path, rate: float, burst: float) -> None:
    made = ensure_certificate(folder / "tls", ["localhost", "127.0.0.1"])
    server = uvicorn.Server(
        uvicorn.Config(
            Stub(rate, burst),
            port=0,
            log_level="error",
            access_log=False,
            lifespan="off",
            ssl_certfile=str(made.certificate),
            ssl_keyfile=str(made.key),
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], made.authority.resolve(), flush=True)
    await serving


if __name__ == "__main__":
    given = [float(text) for text in sys.argv[2:]] or [0.0, 0.0]
    asyncio.run(main(Path(sys.argv[1]), *given))
