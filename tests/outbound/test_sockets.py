"""Mail servers are reached through the same guard, and through no other way."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from sluiceway.errors import (
    ProviderRejected,
    ProviderUnavailable,
    TargetForbidden,
    TargetUnreachable,
)
from sluiceway.outbound.sockets import GuardedSockets
from sluiceway.providers.base import SmtpMail, SmtpServer
from sluiceway.providers.sender import open_smtp_sender


def run(host: str, port: int = 25, addresses: tuple[str, ...] = (), **options: Any) -> Any:
    async def resolve(_: str, __: int) -> list[str]:
        return list(addresses)

    async def main() -> Any:
        sockets = GuardedSockets(resolve=resolve, **options)
        opened = await sockets(host, port)
        peer = opened.getpeername()
        opened.close()
        return peer

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1", ()),
        ("2130706433", ()),
        ("::1", ()),
        ("[::1]", ()),
        ("localhost", ()),
        ("10.0.0.25", ()),
        ("169.254.169.254", ()),
        ("mail.example", ("10.0.0.1",)),
        ("mail.example", ("93.184.216.34", "127.0.0.1")),
        ("mail.example", ("fe80::1%eth0",)),
        ("mail example", ()),
        ("mail.example/x", ()),
        ("me@mail.example", ()),
        ("", ()),
    ],
)
def test_what_is_inside_or_no_host_is_refused(host: str, addresses: tuple[str, ...]) -> None:
    with pytest.raises(TargetForbidden):
        run(host, addresses=addresses)


def test_metadata_is_refused_although_it_is_allowed() -> None:
    with pytest.raises(TargetForbidden, match="metadata"):
        run("mail.example", addresses=("169.254.169.254",), allow_hosts=["mail.example"])


def test_the_second_address_is_tried_where_the_first_takes_no_connection() -> None:
    async def main() -> None:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def resolve(_: str, __: int) -> list[str]:
            return ["127.0.0.2", "127.0.0.1"]

        async with server:
            opened = await GuardedSockets(["mail.example"], resolve=resolve)("mail.example", port)
            assert ipaddress.ip_address(opened.getpeername()[0]).is_loopback
            opened.close()
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(TargetUnreachable, match=r"cannot reach mail\.example port 1"):
        run("mail.example", 1, addresses=("127.0.0.1",), allow_hosts=["mail.example"])
    with pytest.raises(TargetUnreachable, match="it has no address"):
        run("mail.example", allow_hosts=["mail.example"])


@pytest.mark.parametrize(
    ("host", "kind"), [("10.0.0.1", ProviderRejected), ("127.0.0.1", ProviderUnavailable)]
)
def test_a_mail_server_is_reached_through_the_guard(host: str, kind: type[Exception]) -> None:
    mail = SmtpMail(
        server=SmtpServer(host=host, port=1, tls="none"),
        sender="a@x.example",
        recipient="b@y.example",
        data=b"",
    )

    async def main() -> None:
        sender = open_smtp_sender(GuardedSockets(["127.0.0.1"]))
        with pytest.raises(kind, match="expected to reach the mail server") as caught:
            await sender.send(mail)
        if kind is ProviderRejected:
            assert "SLUICEWAY_ALLOW_HOSTS" in caught.value.hint  # type: ignore[attr-defined]
        await sender.close()

    asyncio.run(main())
