"""A service that answers every request after a while, with as little work as it may.

    python bench/_slow_service.py MILLISECONDS

Prints its port. ``/oauth/token`` gives a token, ``/count`` tells how many were given.
"""

from __future__ import annotations

import asyncio
import json
import sys

BODY = json.dumps({"user_id": "auth0|1", "email": "ada@x.example", "email_verified": True}).encode()


class Answers(asyncio.Protocol):
    """One connection, kept alive."""

    tokens = 0

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while b"\r\n\r\n" in self._seen:
            head, _, rest = self._seen.partition(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            if len(rest) < length:
                return
            self._seen = rest[length:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        path = head.split(b" ", 2)[1]
        body = BODY
        if path == b"/oauth/token":
            Answers.tokens += 1
            body = json.dumps({"access_token": "t" * 900, "expires_in": 86400}).encode()
        elif path == b"/count":
            body = str(Answers.tokens).encode()
        answer = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        if self._delay_s:
            self._loop.call_later(self._delay_s, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def main(delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answers(delay_s), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
