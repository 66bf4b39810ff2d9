"""Slow down who guesses client secrets, without shutting out the client itself."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment

__all__ = ["Guesser"]


class _Bucket(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    burst: float
    rate: float


class Guesser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at *address* who says to be a client; each failure takes from all of its buckets.

    From one address, ten wrong secrets of a client are taken at once, then one every six seconds:
    others can still sign in as that client. From everywhere, a hundred and then one a second. Ids
    that no client has count for their address alone, so that made-up ones fill no table.
    """

    client_id: str
    address: str
    is_known: bool

    async def wait_s(self, environment: Environment) -> float:
        """Return how long to refuse, 0 for not at all."""
        return max([await self._take(environment, bucket, 0) for bucket in self._buckets()])

    async def note_failure(self, environment: Environment) -> None:
        """Count one wrong secret."""
        for bucket in self._buckets():
            await self._take(environment, bucket, 1)

    def _buckets(self) -> tuple[_Bucket, ...]:
        place = _network(self.address)
        if not self.is_known:
            return (_Bucket(key=f"oauth//{place}", burst=_MANY, rate=1.0),)
        return (
            _Bucket(key=f"oauth/{self.client_id}/{place}", burst=_FEW, rate=1 / 6),
            _Bucket(key=f"oauth/{self.client_id}", burst=_MANY, rate=1.0),
        )

    async def _take(self, environment: Environment, bucket: _Bucket, count: int) -> float:
        return await environment.buckets.take(
            bucket.key,
            now=environment.now(),
            rate=bucket.rate,
            burst=bucket.burst,
            count=count,
        )


# One less than what is let through: a bucket at zero lets one more take from it.
_FEW: Final = 9.0
_MANY: Final = 99.0
_IPV6_NETWORK: Final = 64


def _network(address: str) -> str:
    """Return whose *address* it is: one household has a whole IPv6 network of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - of the Internet Protocol
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False).network_address)
