"""Connections that are no HTTP, mail servers above all, through the same guard."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sluiceway.errors import TargetForbidden, TargetUnreachable
from sluiceway.outbound.guard import Guard, Target, parse_target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["GuardedSockets", "judge", "resolve_name"]

_CONNECT_S: Final = 10.0


async def resolve_name(host: str, port: int) -> list[str]:
    """Return the addresses of *host*, each once. Raises ``OSError``."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def judge(
    guard: Guard, target: Target, resolve: Callable[[str, int], Awaitable[list[str]]]
) -> list[str]:
    """Return the addresses of *target*, each of them judged.

    Raises:
        TargetForbidden: one of them is not public and not allowed.
        TargetUnreachable: there is none.
    """
    if target.address is not None:
        return [str(target.address)]
    try:
        found = await resolve(target.host, target.port)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TargetUnreachable(f"cannot resolve {target.host}: {reason}") from error
    if not found:
        raise TargetUnreachable(f"cannot resolve {target.host}: it has no address")
    for text in found:
        # One bad address spoils the name: which one is connected to is chance.
        guard.check_address(target, ipaddress.ip_address(text.partition("%")[0]))
    return found


class GuardedSockets:
    """Connects to hosts that the guard lets pass: resolved once, and to that address only."""

    def __init__(
        self,
        allow_hosts: Iterable[str] = (),
        *,
        resolve: Callable[[str, int], Awaitable[list[str]]] = resolve_name,
    ) -> None:
        """Allow *allow_hosts* although they are private; see ``Guard``."""
        self._guard = Guard(allow_hosts)
        self._resolve = resolve

    async def __call__(self, host: str, port: int) -> socket.socket:
        """Return a connected socket.

        Raises:
            TargetForbidden: the guard refused the host.
            TargetUnreachable: it has no address, or takes no connection.
        """
        bare = host.strip("[]")
        spelled = f"[{bare}]" if ":" in bare else bare
        try:
            target = parse_target(f"http://{spelled}:{port}/")
        except TargetForbidden as error:
            raise TargetForbidden("expected the name or address of a host") from error
        if target.port != port or set(bare) & set("/?#@"):
            raise TargetForbidden("expected the name or address of a host, found a part of a URL")
        self._guard.check(target)
        reason = ""
        for address in await judge(self._guard, target, self._resolve):
            try:
                return await _connect(address, port)
            except (OSError, TimeoutError) as error:
                reason = getattr(error, "strerror", None) or type(error).__name__
        raise TargetUnreachable(f"cannot reach {target.host} port {port}: {reason}")


async def _connect(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        with suppress(OSError):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(_CONNECT_S):
            await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except BaseException:
        opened.close()
        raise
    return opened
