"""Where calls may go: public addresses only, unless a setting says otherwise; metadata never.

A name is resolved once, every address it gives is judged, and the connection goes to one of those
(see ``client``): what a name answers later counts for nothing (rebinding).

Source: RFC 6890 and IANA's special-purpose registries, through ``ipaddress``; RFC 6052 (NAT64),
RFC 3056 (6to4), RFC 4380 (Teredo) for IPv4 addresses inside of IPv6 ones; OWASP's page on SSRF.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

from sluiceway.errors import TargetForbidden, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Guard", "Target", "check_request_head", "parse_target"]

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.0.23",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)
"""Where clouds keep the credentials of their machines."""

_METADATA_NAMES: Final = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_NAT64: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE: Final = ipaddress.ip_network("::/96")
_TRANSLATED: Final = ipaddress.ip_network("::ffff:0:0:0/96")
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_RESERVED: Final = tuple(map(ipaddress.ip_network, ("3fff::/20", "192.88.99.0/24")))
"""Documentation (RFC 9637) and 6to4 relays (RFC 7526): Python's own tables lack them."""
_SITE_LOCAL: Final = ipaddress.ip_network("fec0::/10")
_NUMERIC: Final = re.compile(
    r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+)){0,3}\.?"
)
_LAST_NUMBER: Final = re.compile(r"(?:^|\.)(?:0[xX][0-9a-fA-F]*|[0-9]+)$")
_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_ORIGIN: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f\\]")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LINE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PORTS: Final = {"http": 80, "https": 443}
_MOST_REMEMBERED: Final = 1024
_HINT: Final = "Allow it with SLUICEWAY_ALLOW_HOSTS, if it is yours."


class Target(msgspec.Struct, frozen=True):
    """Where a request goes: *host* in lower case, without brackets or a trailing dot."""

    scheme: str
    host: str
    port: int

    @property
    def address(self) -> Address | None:
        """The address that *host* spells, in any of its spellings; ``None`` for a name."""
        return _spelled_address(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = self.port == _PORTS[self.scheme]
        return f"{self.scheme}://{host}" if is_default else f"{self.scheme}://{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Read where *url* goes, strictly.

    Raises:
        TargetForbidden: it is no http or https URL with a plain host.
    """
    if _CONTROL.search(url):
        raise TargetForbidden(
            "expected a URL, found blanks, control characters or a backslash in it"
        )
    found = _ORIGIN.match(url)
    if found is None:
        scheme = url.partition(":")[0][:20]
        raise TargetForbidden(f"expected http or https, found the scheme {scheme!r}")
    return _parse_origin(found[0])


@lru_cache(maxsize=1024)
def _parse_origin(origin: str) -> Target:
    """Read scheme, host and port; most calls go to a few places."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        raise TargetForbidden("expected a URL, found something that is none") from None
    if "@" in parts.netloc:
        raise TargetForbidden("expected a URL without a user name or password in it")
    host = _plain_host(parts.hostname or "")
    if parts.netloc.startswith("[") and ":" not in host:
        raise TargetForbidden("expected an IPv6 address in the brackets of the URL")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme])


def _plain_host(host: str) -> str:
    # Full-width digits and dots mean the same to a resolver as plain ones (UTS 46).
    plain = unicodedata.normalize("NFKC", host).lower().replace("\u3002", ".").rstrip(".")
    if ":" in plain:
        return plain
    if not plain.isascii():
        try:
            plain = plain.encode("idna").decode("ascii")
        except UnicodeError:
            raise TargetForbidden("expected a host name, found one that IDNA refuses") from None
    if not _NAME.fullmatch(plain) or ".." in plain:
        raise TargetForbidden("expected a URL with a host name, found none or a malformed one")
    return plain


def _spelled_address(host: str) -> Address | None:
    if ":" in host:
        try:
            # A zone names an interface of this machine: never a public address.
            return ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            raise TargetForbidden(
                "expected an IPv6 address in the URL, found another text"
            ) from None
    if _NUMERIC.fullmatch(host):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            raise TargetForbidden("expected an IPv4 address in the URL, found numbers") from None
    if _LAST_NUMBER.search(host):
        raise TargetForbidden("expected an IPv4 address in the URL, found too many numbers")
    return None


class Guard:
    """Judges targets and addresses by the hosts that are allowed.

    *allow_hosts* are names, ``name:port`` pairs, addresses or networks.
    """

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._names: set[tuple[str, int | None]] = set()
        self._networks: list[tuple[Network, int | None]] = []
        self._passed: set[Target] = set()
        for entry in allow_hosts:
            self._allow(entry.strip().lower())

    def check(self, target: Target) -> None:
        """Judge a target by its spelling, before anything is resolved.

        Raises:
            TargetForbidden: it spells an address or names a host that is not allowed.
        """
        if target.host in _METADATA_NAMES:
            raise TargetForbidden(f"{target.host} is the metadata service of a cloud: never called")
        if target in self._passed:
            return
        address = target.address
        if address is not None:
            self.check_address(target, address)
            if len(self._passed) < _MOST_REMEMBERED:
                # What is spelled as an address is judged alike each time.
                self._passed.add(target)
        elif _is_local_name(target.host) and not self._allows_name(target):
            raise TargetForbidden(f"{target.host} is this machine", hint=_HINT)

    def check_address(self, target: Target, address: Address) -> None:
        """Judge an address that *target* spells or resolves to.

        Raises:
            TargetForbidden: it is not public and not allowed, or it is a metadata service.
        """
        for inner in (address, *_embedded(address)):
            if inner in _METADATA:
                raise TargetForbidden(
                    f"{target.host} is the metadata service of a cloud: never called"
                )
            kind = _kind(inner)
            if kind and not self._allows(target, address):
                raise TargetForbidden(f"{target.host} is {kind} address", hint=_HINT)

    def _allow(self, entry: str) -> None:
        if not entry:
            return
        host, port = _split_port(entry)
        try:
            self._networks.append((ipaddress.ip_network(host.strip("[]"), strict=False), port))
        except ValueError:
            if not _NAME.fullmatch(host):
                raise UsageError(
                    f"allow_hosts: expected a host, host:port, address or network, found {entry!r}"
                ) from None
            self._names.add((host.rstrip("."), port))

    def _allows_name(self, target: Target) -> bool:
        return bool({(target.host, None), (target.host, target.port)} & self._names)

    def _allows(self, target: Target, address: Address) -> bool:
        return self._allows_name(target) or any(
            address.version == network.version
            and address in network
            and port in {None, target.port}
            for network, port in self._networks
        )


def _split_port(entry: str) -> tuple[str, int | None]:
    """Cut ``host:port`` in two; an IPv6 address with a port has brackets."""
    host, colon, port = entry.rpartition(":")
    is_bare_ipv6 = ":" in host and not host.endswith("]")
    if not colon or is_bare_ipv6 or not port.isdecimal():
        return entry, None
    return host, int(port)


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _embedded(address: Address) -> tuple[Address, ...]:
    """Return the IPv4 addresses that an IPv6 address carries: a gateway would go there."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    found: list[Address] = []
    if address.ipv4_mapped is not None:
        found.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    if any(address in network for network in (*_NAT64, _TRANSLATED)) or address in _COMPATIBLE:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(found)


def _kind(address: Address) -> str:
    """Return what an address is that is not public; ``""`` for a public one."""
    names: Mapping[str, bool] = {
        "the unspecified": address.is_unspecified,
        "a loopback": address.is_loopback,
        "a link-local": address.is_link_local,
        "a multicast": address.is_multicast,
        "a private": address.is_private,
        "a reserved": any(
            address.version == network.version and address in network for network in _RESERVED
        ),
        "a site-local": address in _SITE_LOCAL if address.version == _SITE_LOCAL.version else False,
    }
    for name, holds in names.items():
        if holds and not getattr(address, "ipv4_mapped", None):
            return name
    # An IPv6 address that carries an IPv4 one is judged by what it carries.
    if _embedded(address):
        return ""
    is_assigned = address.version != _GLOBAL_UNICAST.version or address in _GLOBAL_UNICAST
    return "" if address.is_global and is_assigned else "a reserved"


def check_request_head(method: str, headers: Mapping[str, str]) -> None:
    """Refuse what could smuggle a second header or request.

    Raises:
        TargetForbidden: a name is no token, or a value has a line break.
    """
    if not _TOKEN.fullmatch(method):
        raise TargetForbidden("expected an HTTP method, found other characters")
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise TargetForbidden("expected the name of a header, found other characters")
        if not _LINE.fullmatch(value):
            raise TargetForbidden(f"expected one line of text in the header {name!r}")
