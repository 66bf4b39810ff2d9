"""MX records, asked of a real name server on this machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from sluiceway.errors import TargetUnreachable, UsageError
from sluiceway.outbound.mail_hosts import MailHosts

RECORDS = {
    "example.com.": ["20 mx2.example.com.", "10 MX1.example.com."],
    "null.example.": ["0 ."],
    "xn--bcher-kva.example.": ["5 mail.example."],
}


class NameServer(asyncio.DatagramProtocol):
    """Answers MX questions from RECORDS; names that begin with ``broken`` get SERVFAIL."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text().lower()
        self.asked.append(name)
        if name.startswith("silent"):
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name.startswith("broken"):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name in RECORDS:
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", "MX", RECORDS[name]))
        elif not name.startswith("web"):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


class Running:
    """The name server in a thread, until the block ends."""

    def __enter__(self) -> tuple[str, NameServer]:
        self._ready, self._server = threading.Event(), NameServer()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return f"127.0.0.1:{self._port}", self._server

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self._server, local_addr=("127.0.0.1", 0)
        )
        self._port = transport.get_extra_info("sockname")[1]
        self._ready.set()
        await self._stop.wait()
        transport.close()

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@pytest.fixture
def name_server() -> Iterator[tuple[str, NameServer]]:
    with Running() as running:
        yield running


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [
        ("example.com", ("mx1.example.com", "mx2.example.com")),
        ("xn--bcher-kva.example", ("mail.example",)),
        pytest.param("null.example", (), id="a domain that takes no mail"),
        pytest.param("nobody.example", (), id="a domain that is not there"),
        pytest.param("web.example", (), id="a domain without MX records"),
        pytest.param("a" * 64 + ".example", (), id="no domain"),
    ],
)
def test_hosts_by_preference(
    name_server: tuple[str, NameServer], domain: str, hosts: tuple[str, ...]
) -> None:
    address, _ = name_server

    assert asyncio.run(_ask(address, domain)) == hosts


def test_no_answer_is_told_from_no_record(name_server: tuple[str, NameServer]) -> None:
    address, _ = name_server

    with pytest.raises(TargetUnreachable, match=r"broken\.example") as caught:
        asyncio.run(_ask(address, "broken.example"))
    assert caught.value.retryable


def test_answers_are_kept_as_long_as_they_say(name_server: tuple[str, NameServer]) -> None:
    address, server = name_server

    async def ask_twice() -> None:
        hosts = MailHosts([address])
        assert await hosts("example.com") == await hosts("example.com")

    asyncio.run(ask_twice())
    assert server.asked == ["example.com."]


def test_name_servers_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError, match="nameservers"):
        asyncio.run(_ask("not an address", "example.com"))


async def _ask(address: str, domain: str) -> tuple[str, ...]:
    return await MailHosts([address])(domain)
