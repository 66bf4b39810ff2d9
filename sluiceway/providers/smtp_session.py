"""One SMTP connection once it is open and signed in: mail after mail, with pipelining.

aiosmtplib opens connections, encrypts them and signs in; it sends one command at a time. A mail
here is two writes where the server offers PIPELINING (RFC 2920): the envelope, then the content.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from sluiceway.errors import ProviderRejected
from sluiceway.providers.base import SmtpReply

if TYPE_CHECKING:
    from sluiceway.providers.base import SmtpMail

__all__ = ["SmtpSession", "readable_line"]

_GO_ON: Final = 354
_REFUSED: Final = 400
_DOT: Final = re.compile(rb"(?m)^\.")
_LONGEST_REPLY: Final = 64 * 1024
_REPLY_LINE: Final = re.compile(rb"([2-5][0-9]{2})([ -]?)(.*)")
_ENVELOPE: Final = 3


class SmtpSession(asyncio.Protocol):
    """Takes a connection over; nobody else may use it from then on."""

    def __init__(self, transport: Any, *, extensions: frozenset[str], timeout_s: float) -> None:
        """Talk over *transport*, whose server offered *extensions* (lower-case)."""
        self._transport = transport
        self._timeout_s = timeout_s
        self.extensions = extensions
        self._buffer = b""
        self._lines: list[str] = []
        self._replies: deque[SmtpReply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._lost: Exception | None = None
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Tell whether the connection still stands, as far as is known."""
        return self._lost is None and not self._transport.is_closing()

    def data_received(self, data: bytes) -> None:
        """Read replies (asyncio)."""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            found = _REPLY_LINE.fullmatch(line.rstrip(b"\r"))
            if found is None:
                self._fail(ConnectionError("it answered what is not SMTP"))
                return
            self._lines.append(found[3].decode("utf-8", "replace"))
            if found[2] != b"-":
                text = readable_line(" ".join(self._lines))
                self._replies.append(SmtpReply(code=int(found[1]), text=text))
                self._lines.clear()
        if len(self._buffer) + sum(map(len, self._lines)) > _LONGEST_REPLY:
            self._fail(ConnectionError("its answer has no end"))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end (asyncio)."""
        self._fail(exc or ConnectionResetError("it closed the connection"))

    async def send(self, mail: SmtpMail) -> tuple[SmtpReply, bool]:
        """Send *mail*; return the reply that decides, and whether the next mail needs a reset.

        Raises:
            BrokenPipeError: the connection was gone before the envelope was answered: nothing was
                sent.
            OSError, TimeoutError: it broke later; after the last byte, the mail may be taken.
        """
        refusal = await self._envelope(mail)
        if refusal is not None:
            return refusal, True
        data = _DOT.sub(b"..", mail.data)
        end = b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"
        self._write(data + end)
        return await self._reply(), False

    async def reset(self) -> bool:
        """Forget a mail that was begun; tell whether the server agreed."""
        try:
            self._write(b"RSET\r\n")
            return (await self._reply()).code < _REFUSED
        except (OSError, TimeoutError):
            return False

    async def quit(self) -> None:
        """Say goodbye and hang up."""
        try:
            self._write(b"QUIT\r\n")
            await self._reply()
        except (OSError, TimeoutError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    async def _envelope(self, mail: SmtpMail) -> SmtpReply | None:
        """Announce *mail*; return the reply that refused it, if one did."""
        commands = [
            _command("MAIL FROM", mail.sender, *self._options(mail)),
            _command("RCPT TO", mail.recipient),
            b"DATA\r\n",
        ]
        replies: list[SmtpReply] = []
        try:
            if "pipelining" in self.extensions:
                self._write(b"".join(commands))
                for _ in commands:
                    replies.append(await self._reply())  # noqa: PERF401 - kept as they come
            else:
                for command in commands:
                    self._write(command)
                    replies.append(await self._reply())
                    if replies[-1].code >= _REFUSED:
                        return replies[-1]
        except OSError as error:
            if replies and replies[-1].code >= _REFUSED:
                return replies[-1]  # it said why before it hung up
            if not replies:
                raise BrokenPipeError(str(error)) from error
            raise
        refusal = next(
            (reply for reply in replies[: _ENVELOPE - 1] if reply.code >= _REFUSED), None
        )
        if refusal is not None and replies[-1].code == _GO_ON:
            # It waits for content all the same (RFC 2920, 3.1): an empty one ends that.
            self._write(b".\r\n")
            await self._reply()
        if refusal is None and replies[-1].code != _GO_ON:
            refusal = replies[-1]
        return refusal

    def _options(self, mail: SmtpMail) -> list[str]:
        options = [f"SIZE={len(mail.data)}"] if "size" in self.extensions else []
        return [*options, "SMTPUTF8", "BODY=8BITMIME"] if mail.smtputf8 else options

    def _write(self, data: bytes) -> None:
        if not self.is_open:
            raise ConnectionResetError(str(self._lost or "it closed the connection"))
        self._transport.write(data)

    async def _reply(self) -> SmtpReply:
        while not self._replies:
            if self._lost is not None:
                raise ConnectionResetError(str(self._lost)) from self._lost
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._waiter
            finally:
                self._waiter = None
        return self._replies.popleft()

    def _fail(self, error: Exception) -> None:
        if self._lost is None:
            self._lost = error
        self._transport.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _command(verb: str, address: str, *options: str) -> bytes:
    if not address.isprintable() or "<" in address or ">" in address:
        raise ProviderRejected("expected an address without angle brackets, found one with them")
    return " ".join([f"{verb}:<{address}>", *options]).encode() + b"\r\n"


def readable_line(text: str) -> str:
    """Return *text* on one line of at most 500 characters, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]
