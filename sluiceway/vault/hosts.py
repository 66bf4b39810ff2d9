"""Where a connection's credentials may go: the hosts that it names, or those that the flow writes.

A connection of app HTTP is sent where a step's URL says. A connection that names hosts is sent to
those only. One that names none is sent to the host that the author wrote, and never to one that an
expression gives: data must not choose who gets a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.errors import InvalidRequest, TargetForbidden
from sluiceway.outbound.guard import parse_target

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["is_admitted", "is_host_written", "parse_hosts"]

_MOST_HOSTS: Final = 20
_WRITTEN: Final = re.compile(r"\s*[A-Za-z]+://[^/?#\\{}]+[/?#]")
_EVERY_PORT: Final = -1
_BEYOND: Final = re.compile(r"[/?#]")
_PORT: Final = re.compile(r":\d+$")


def parse_hosts(values: Sequence[str]) -> tuple[str, ...]:
    """Return *values* as they are kept: ``api.example.com``, ``*.example.com``, with a port or not.

    Raises:
        InvalidRequest: one is no host, or there are too many.
    """
    if len(values) > _MOST_HOSTS:
        raise InvalidRequest(f"expected at most {_MOST_HOSTS} hosts, found {len(values)}")
    found: list[str] = []
    for value in values:
        star, host, port = _split(value)
        if not host:
            raise InvalidRequest(
                f"expected a host, found {value[:80]!r}",
                hint="Write it like api.example.com, api.example.com:8443 or *.example.com.",
            )
        shown = f"[{host}]" if ":" in host else host
        found.append(f"{star}{shown}{'' if port == _EVERY_PORT else f':{port}'}")
    return tuple(dict.fromkeys(found))


def is_admitted(hosts: Sequence[str], url: str) -> bool:
    """Tell whether *url* leads to one of *hosts*; one without a port stands for all of them.

    Raises:
        TargetForbidden: it is no URL.
    """
    target = parse_target(url)
    for value in hosts:
        star, host, port = _split(value)
        is_host = target.host.endswith(f".{host}") if star else target.host == host
        if is_host and port in {_EVERY_PORT, target.port}:
            return True
    return False


def is_host_written(url: str) -> bool:
    """Tell whether the host of *url*, as its author wrote it, comes from no expression."""
    return "{{" not in url or _WRITTEN.match(url) is not None


def _split(value: str) -> tuple[str, str, int]:
    """Return ``*.`` or nothing, the host in lower case (nothing where it is none), and the port."""
    star = "*." if value.startswith("*.") else ""
    name = value.removeprefix("*.")
    try:
        target = parse_target(f"https://{name}")
    except TargetForbidden:
        return star, "", _EVERY_PORT
    if _BEYOND.search(name):
        return star, "", _EVERY_PORT
    return star, target.host, target.port if _PORT.search(name) else _EVERY_PORT
