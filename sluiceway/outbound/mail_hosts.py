"""Find out which hosts take a domain's mail: its MX records.

Source: RFC 5321, section 5.1; RFC 7505 (a single ``.`` means that the domain takes no mail).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from sluiceway.errors import TargetUnreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dns.asyncresolver import Resolver

__all__ = ["MailHosts"]

_PATIENCE_S: Final = 5.0
_KEPT_ANSWERS: Final = 10_000
_PORT: Final = 53


class MailHosts:
    """Asks *nameservers* (addresses, or ``address:port``), else those of this machine."""

    def __init__(self, nameservers: Iterable[str] = ()) -> None:
        self._nameservers = tuple(nameservers)
        self._resolver: Resolver | None = None

    async def __call__(self, domain: str) -> tuple[str, ...]:
        """Return the hosts of *domain* (A-labels), the preferred one first; none if it has none.

        Raises:
            TargetUnreachable: no name server gave an answer; trying again may help.
            UsageError: the name servers of the settings, or of this machine, cannot be used.
        """
        import dns.exception  # noqa: PLC0415 - dnspython is slow to load, and few flows need it
        import dns.resolver  # noqa: PLC0415

        if self._resolver is None:
            self._resolver = _open_resolver(self._nameservers)
        try:
            answer = await self._resolver.resolve(domain, "MX", lifetime=_PATIENCE_S, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.exception.SyntaxError):
            return ()
        except dns.exception.DNSException as error:
            raise TargetUnreachable(
                f"expected a name server to tell who takes the mail of {domain}, "
                f"found {type(error).__name__}"
            ) from error
        found = sorted((record.preference, record.exchange.to_text(True)) for record in answer)
        return tuple(host.lower() for _, host in found if host not in {"", "."})


def _open_resolver(nameservers: tuple[str, ...]) -> Resolver:
    import dns.asyncresolver  # noqa: PLC0415 - see above
    import dns.nameserver  # noqa: PLC0415
    import dns.resolver  # noqa: PLC0415

    try:
        resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            resolver.nameservers = [
                dns.nameserver.Do53Nameserver(str(ipaddress.ip_address(host)), port)
                for host, port in map(_split_port, nameservers)
            ]
    except (ValueError, dns.resolver.NoResolverConfiguration) as error:
        raise UsageError(f"nameservers: cannot use them: {error}") from error
    resolver.cache = dns.resolver.LRUCache(_KEPT_ANSWERS)
    return resolver


def _split_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    is_bare_ipv6 = ":" in host and not host.endswith("]")
    if not colon or is_bare_ipv6 or not port.isdecimal():
        return text.strip("[]"), _PORT
    return host.strip("[]"), int(port)
