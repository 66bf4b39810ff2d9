"""The sending half of SMTP: pooled connections, TLS, and what went wrong in one vocabulary."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import aiosmtplib
import msgspec

from sluiceway.errors import OutboundError, ProviderRejected, ProviderUnavailable
from sluiceway.providers.base import SmtpReply
from sluiceway.providers.smtp_session import SmtpSession, readable_line

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from sluiceway.providers.base import SmtpMail, SmtpServer

__all__ = ["SmtpSender"]

_SERVICE_CLOSING: Final = 421
_EXTENSIONS: Final = ("pipelining", "size", "smtputf8")


class _Connection(msgspec.Struct):
    session: SmtpSession
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
        self._contexts: dict[bool, ssl.SSLContext] = {}
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
        session = await self._connect(mail.server)
        if isinstance(session, SmtpReply):
            return session
        fresh = _Connection(session, self._monotonic())
        reply = await self._send_on(fresh, mail, is_reused=False)
        if reply is None:
            raise _broken(mail.server, "it closed the connection")
        return reply

    async def close(self) -> None:
        """Say goodbye on all idle connections."""
        connections = [kept for pool in self._idle.values() for kept in pool]
        self._idle.clear()
        await asyncio.gather(*(kept.session.quit() for kept in connections))

    async def _reuse(self, server: SmtpServer) -> _Connection | None:
        pool = self._idle[server]
        oldest_allowed = self._monotonic() - self._idle_s
        stale = [kept for kept in pool if kept.idle_since < oldest_allowed]
        pool[:] = [kept for kept in pool if kept.idle_since >= oldest_allowed]
        for kept in stale:
            kept.session.close()
        while pool:
            connection = pool.pop()
            if connection.session.is_open:
                return connection
        return None

    async def _connect(self, server: SmtpServer) -> SmtpSession | SmtpReply:
        """Connect and sign in; a reply means that the server refused either."""
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls == "implicit",
            start_tls={"starttls": True, "opportunistic": None}.get(server.tls, False),
            tls_context=self._context(is_trusting=server.tls == "opportunistic"),
            timeout=self._timeout_s,
        )
        try:
            if self._open_socket is None:
                await client.connect()
            else:
                guarded = await self._open_socket(server.host, server.port)
                await client.connect(sock=guarded, port=None)
        except OutboundError as error:
            kind = ProviderUnavailable if error.retryable else ProviderRejected
            raise kind(
                f"expected to reach the mail server, {error.message}", hint=error.hint
            ) from error
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            return SmtpReply(code=error.code, text=readable_line(error.message))
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise _broken(server, str(error) or type(error).__name__) from error
        return SmtpSession(
            client.transport,
            extensions=frozenset(name for name in _EXTENSIONS if client.supports_extension(name)),
            timeout_s=self._timeout_s,
        )

    def _context(self, *, is_trusting: bool) -> ssl.SSLContext:
        """Return a context, made once: reading the authorities takes longer than a mail."""
        context = self._contexts.get(is_trusting)
        if context is None:
            context = self._contexts[is_trusting] = self._tls_context()
            if is_trusting:
                # Clear text would do as well here, so a certificate of the server's own does too.
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
        return context

    async def _send_on(
        self, connection: _Connection, mail: SmtpMail, *, is_reused: bool
    ) -> SmtpReply | None:
        """Send on *connection*; ``None`` means that it was dead before the mail began."""
        session = connection.session
        try:
            if mail.smtputf8 and "smtputf8" not in session.extensions:
                await self._keep(connection, mail.server)
                raise ProviderRejected(
                    "expected a server that takes addresses beyond ASCII (SMTPUTF8),"
                    f" {mail.server.host} does not"
                )
            reply, needs_reset = await session.send(mail)
            if reply.code == _SERVICE_CLOSING:
                session.close()
                return reply
            if needs_reset and not await session.reset():
                session.close()
                return reply
        except BrokenPipeError as error:
            session.close()
            if is_reused:
                return None
            raise _broken(mail.server, str(error)) from error
        except (OSError, TimeoutError) as error:
            session.close()
            raise _broken(mail.server, str(error) or "no answer in time") from error
        except asyncio.CancelledError:
            # In the middle: the connection is at an unknown place of the dialogue.
            session.close()
            raise
        connection.mails += 1
        await self._keep(connection, mail.server)
        return reply

    async def _keep(self, connection: _Connection, server: SmtpServer) -> None:
        if not connection.session.is_open:
            return
        if connection.mails >= self._mails_per_connection:
            await connection.session.quit()
            return
        connection.idle_since = self._monotonic()
        self._idle[server].append(connection)


def _broken(server: SmtpServer, reason: str) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"expected a mail server at {server.host}:{server.port} to take the mail:"
        f" {readable_line(reason)}",
        hint="Check smtp_host and smtp_port, and that the server is up.",
    )
