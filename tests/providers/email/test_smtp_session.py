"""The SMTP dialogue, with and without pipelining, before servers that misbehave."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import ProviderRejected, ProviderUnavailable
from sluiceway.providers.base import SmtpMail, SmtpReply, SmtpServer
from sluiceway.providers.smtp_sender import SmtpSender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DATA = b"Subject: x\r\n\r\n.one\r\n..two\r\nlast\r\n"


@dataclass
class Script:
    """A server: *replies* by verb, in place of the usual ones; ``""`` hangs up instead."""

    replies: dict[str, list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("PIPELINING", "SIZE 1000000")
    commands: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            writer.write(b"220 script\r\n")
            while line := await reader.readline():
                verb = line[:4].decode().upper().strip()
                self.commands.append(line.decode().strip())
                reply = self._reply(verb)
                if not reply:
                    break
                writer.write(f"{reply}\r\n".encode())
                if verb == "DATA" and reply.startswith("354"):
                    body = await self._body(reader)
                    self.bodies.append(body)
                    reply = self._reply("BODY")
                    if not reply:
                        break
                    writer.write(f"{reply}\r\n".encode())
                if verb == "QUIT":
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    @staticmethod
    async def _body(reader: asyncio.StreamReader) -> bytes:
        lines: list[bytes] = []
        while (line := await reader.readline()) != b".\r\n":
            lines.append(line)
        return b"".join(lines)

    def _reply(self, verb: str) -> str:
        scripted = self.replies.get(verb)
        if scripted:
            return scripted.pop(0)
        if verb == "EHLO":
            lines = ["script", *self.extensions]
            return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
        return {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, f"250 {verb} ok")


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[SmtpServer]:
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    try:
        yield SmtpServer(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    finally:
        server.close()


def mail_to(server: SmtpServer, recipient: str = "ada@x.example", data: bytes = DATA) -> SmtpMail:
    return SmtpMail(server=server, sender="a@b.example", recipient=recipient, data=data)


def send(script: Script, *recipients: str, **options: Any) -> list[SmtpReply]:
    async def scenario() -> list[SmtpReply]:
        sender = SmtpSender(**{"timeout_s": 2.0, **options})
        async with serving(script) as server:
            replies = [await sender.send(mail_to(server, to)) for to in recipients]
            await sender.close()
        return replies

    return asyncio.run(scenario())


BOTH = pytest.mark.parametrize(
    "extensions", [("PIPELINING", "SIZE 1000000"), ("SIZE 1000000",), ("HELP",)]
)


@BOTH
def test_mails_follow_each_other_on_one_connection(extensions: tuple[str, ...]) -> None:
    script = Script(extensions=extensions)

    replies = send(script, "ada@x.example", "bob@x.example")

    assert [reply.code for reply in replies] == [250, 250]
    assert script.connections == 1
    # A line's leading dot is doubled on the way (RFC 5321, 4.5.2).
    assert script.bodies == [b"Subject: x\r\n\r\n..one\r\n...two\r\nlast\r\n"] * 2
    size = f" SIZE={len(DATA)}" if "SIZE 1000000" in extensions else ""
    assert script.commands[1:4] == [
        f"MAIL FROM:<a@b.example>{size}",
        "RCPT TO:<ada@x.example>",
        "DATA",
    ]
    assert script.commands[-1] == "QUIT"


@BOTH
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize("reply", ["450 4.2.0 later", "550-5.1.1 no such\r\n550 5.1.1 user"])
def test_a_refusal_is_told_and_the_next_mail_goes_through(
    extensions: tuple[str, ...], verb: str, reply: str
) -> None:
    # A good server refuses DATA without a recipient; the next test's does not.
    replies = {verb: [reply]}
    if verb in {"MAIL", "RCPT"} and "PIPELINING" in extensions:
        replies["DATA"] = ["503 no valid recipients"]
    script = Script(replies=replies, extensions=extensions)

    first, second = send(script, "nobody@x.example", "ada@x.example")

    assert first.code == int(reply[:3])
    assert first.text == ("4.2.0 later" if reply[0] == "4" else "5.1.1 no such 5.1.1 user")
    assert second.code == 250
    assert script.connections == 1
    assert len(script.bodies) == (2 if verb == "BODY" else 1)


def test_a_server_that_waits_for_content_nobody_may_have_gets_an_empty_one() -> None:
    script = Script(replies={"RCPT": ["550 no"], "BODY": ["554 no valid recipients"]})

    first, second = send(script, "nobody@x.example", "ada@x.example")

    assert (first.code, second.code) == (550, 250)
    assert script.bodies[0] == b""


@BOTH
def test_a_server_that_closes_says_why(extensions: tuple[str, ...]) -> None:
    script = Script(
        replies={"MAIL": ["421 4.7.0 too many"], "RCPT": ["503 no"], "DATA": ["503 no"]},
        extensions=extensions,
    )
    if "PIPELINING" not in extensions:
        del script.replies["RCPT"], script.replies["DATA"]

    first, second = send(script, "a@x.example", "b@x.example")

    assert (first.code, second.code) == (421, 250)
    assert script.connections == 2


@BOTH
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_a_fresh_connection_that_breaks_may_be_tried_again(
    extensions: tuple[str, ...], verb: str
) -> None:
    with pytest.raises(ProviderUnavailable):
        send(Script(replies={verb: [""]}, extensions=extensions), "ada@x.example")


@BOTH
def test_a_kept_connection_that_is_gone_is_replaced(extensions: tuple[str, ...]) -> None:
    # The second mail's envelope meets a server that hangs up: nothing was sent, so it is safe.
    script = Script(replies={"MAIL": ["250 ok", ""]}, extensions=extensions)

    assert [reply.code for reply in send(script, "a@x.example", "b@x.example")] == [250, 250]
    assert script.connections == 2
    assert len(script.bodies) == 2


@pytest.mark.parametrize("reply", ["what?", "999 no", "25", "250 " + "x" * 20_000])
def test_what_is_no_smtp_is_unavailable(reply: str) -> None:
    if reply.startswith("250 "):
        assert len(send(Script(replies={"BODY": [reply]}), "a@x.example")[0].text) == 500
        return
    with pytest.raises(ProviderUnavailable, match="not SMTP"):
        send(Script(replies={"BODY": [reply]}), "a@x.example")


def test_an_answer_without_end_is_given_up() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.readline()
        writer.write(b"250 PIPELINING\r\n")
        await reader.readline()
        try:
            while True:
                writer.write(b"250-" + b"x" * 1000 + b"\r\n")
                await writer.drain()
        except ConnectionError:
            writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(endless, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderUnavailable):
            await SmtpSender(timeout_s=5).send(mail_to(SmtpServer(host="127.0.0.1", port=port)))
        server.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "address", ["a@x.example>\r\nDATA", "a@x.example> X=<y", "a\x00@x.example"]
)
def test_an_address_cannot_add_a_command(address: str) -> None:
    script = Script()
    with pytest.raises((ProviderRejected, ProviderUnavailable)):
        send(script, address)
    assert script.bodies == []
    assert not any("X=" in command for command in script.commands)


def test_a_mail_without_a_last_line_end_gets_one() -> None:
    script = Script()

    async def scenario() -> None:
        sender = SmtpSender()
        async with serving(script) as server:
            await sender.send(mail_to(server, data=b"Subject: x\r\n\r\nend"))
            await sender.close()

    asyncio.run(scenario())
    assert script.bodies == [b"Subject: x\r\n\r\nend\r\n"]


def test_a_cancelled_mail_takes_its_connection_with_it() -> None:
    script = Script()

    async def scenario() -> None:
        sender = SmtpSender()
        async with serving(script) as server:
            await sender.send(mail_to(server))
            task = asyncio.create_task(sender.send(mail_to(server, data=b"x" * 5_000_000)))
            await asyncio.sleep(0.001)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await sender.send(mail_to(server))).code == 250
            await sender.close()

    asyncio.run(scenario())
    assert script.connections == 2
