"""The sending half of SMTP: pooled connections, TLS, and what went wrong in one vocabulary."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiosmtplib

from sluiceway.errors import ProviderRejected, ProviderUnavailable
from sluiceway.providers.base import SmtpReply

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from sluiceway.providers.base import SmtpMail, SmtpServer

__all__ = ["SmtpSender"]

_SERVICE_CLOSING: Final = 421


@dataclass(slots=True)
class _Connection:
    client: aiosmtplib.SMTP
    idle_since: float
    mails: int = 0


class SmtpSender:
    """Sends mails over connections that are kept open for a while, a few for each server."""

    def __init__(
        self,
        *,
        timeout_s: float = 30.0,
        idle_s: float = 20.0,
        mails_per_connection: int = 100,
        tls_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        open_socket: Callable[[str, int], Awaitable[socket.socket]] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a sender without connections.

        Args:
            timeout_s: the longest that connecting or one command may take.
            idle_s: how long a connection without work is kept.
            mails_per_connection: after how many mails a connection is replaced.
            tls_context: trusts the authorities that servers' certificates come from.
            open_socket: connects to a host and port, through a guard where there is one.
            monotonic: a clock for idle connections.
        """
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._mails_per_connection = mails_per_connection
        self._tls_context = tls_context
        self._open_socket = open_socket
        self._monotonic = monotonic
        self._idle: defaultdict[SmtpServer, list[_Connection]] = defaultdict(list)

    async def send(self, mail: SmtpMail) -> SmtpReply:
        """Send *mail* and return the server's reply, refusals included.

        Raises:
            ProviderUnavailable: no connection, or it broke; if it broke after the last byte, the
                mail may have been taken.
            ProviderRejected: the server does not speak SMTPUTF8 and the mail needs it.
        """
        connection = await self._reuse(mail.server)
        if connection is not None:
            reply = await self._send_on(connection, mail, is_reused=True)
            if reply is not None:
                return reply
        client = await self._connect(mail.server)
        if isinstance(client, SmtpReply):
            return client
        fresh = _Connection(client, self._monotonic())
        reply = await self._send_on(fresh, mail, is_reused=False)
        if reply is None:
            raise _broken(mail.server, "it closed the connection")
        return reply

    async def close(self) -> None:
        """Say goodbye on all idle connections."""
        connections = [kept for pool in self._idle.values() for kept in pool]
        self._idle.clear()
        await asyncio.gather(*(_quit(kept.client) for kept in connections))

    async def _reuse(self, server: SmtpServer) -> _Connection | None:
        pool = self._idle[server]
        oldest_allowed = self._monotonic() - self._idle_s
        stale = [kept for kept in pool if kept.idle_since < oldest_allowed]
        pool[:] = [kept for kept in pool if kept.idle_since >= oldest_allowed]
        connection = pool.pop() if pool else None
        for kept in stale:
            kept.client.close()
        return connection

    async def _connect(self, server: SmtpServer) -> aiosmtplib.SMTP | SmtpReply:
        """Connect and sign in; a reply means that the server refused either."""
        opportunistic = server.tls == "opportunistic"
        context = self._tls_context()
        if opportunistic:
            # Clear text would do as well here, so a certificate of the server's own does too.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls == "implicit",
            start_tls={"starttls": True, "opportunistic": None}.get(server.tls, False),
            tls_context=context,
            timeout=self._timeout_s,
        )
        try:
            if self._open_socket is None:
                await client.connect()
            else:
                guarded = await self._open_socket(server.host, server.port)
                await client.connect(sock=guarded, port=None)
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            return SmtpReply(code=error.code, text=_line(error.message))
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise _broken(server, str(error) or type(error).__name__) from error
        return client

    async def _send_on(
        self, connection: _Connection, mail: SmtpMail, *, is_reused: bool
    ) -> SmtpReply | None:
        """Send on *connection*; ``None`` means that it was dead before the mail began."""
        client = connection.client
        try:
            if mail.smtputf8 and not client.supports_extension("smtputf8"):
                await self._keep(connection, mail.server)
                raise ProviderRejected(
                    "expected a server that takes addresses beyond ASCII (SMTPUTF8),"
                    f" {mail.server.host} does not"
                )
            try:
                await client.mail(mail.sender, options=_options(client, mail), encoding="utf-8")
            except aiosmtplib.SMTPServerDisconnected:
                client.close()
                if is_reused:
                    return None
                raise
            await client.rcpt(mail.recipient, encoding="utf-8")
            answer = await client.data(mail.data)
        except aiosmtplib.SMTPResponseException as error:
            reply = SmtpReply(code=error.code, text=_line(error.message))
            if error.code == _SERVICE_CLOSING:
                client.close()
            else:
                await self._reset(connection, mail.server)
            return reply
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise _broken(mail.server, str(error) or type(error).__name__) from error
        except BaseException:
            # Cancelled in the middle: the connection is at an unknown place of the dialogue.
            client.close()
            raise
        connection.mails += 1
        await self._keep(connection, mail.server)
        return SmtpReply(code=answer.code, text=_line(answer.message))

    async def _reset(self, connection: _Connection, server: SmtpServer) -> None:

        try:
            await connection.client.rset()
        except (aiosmtplib.SMTPException, OSError):
            connection.client.close()
        else:
            await self._keep(connection, server)

    async def _keep(self, connection: _Connection, server: SmtpServer) -> None:
        if connection.mails >= self._mails_per_connection:
            await _quit(connection.client)
            return
        connection.idle_since = self._monotonic()
        self._idle[server].append(connection)


def _options(client: aiosmtplib.SMTP, mail: SmtpMail) -> list[str]:
    options = [f"SIZE={len(mail.data)}"] if client.supports_extension("size") else []
    if mail.smtputf8:
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    return options


def _broken(server: SmtpServer, reason: str) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"expected a mail server at {server.host}:{server.port} to take the mail: {_line(reason)}",
        hint="Check smtp_host and smtp_port, and that the server is up.",
    )


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]


async def _quit(client: aiosmtplib.SMTP) -> None:

    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()
