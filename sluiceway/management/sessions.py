"""Sessions of the console: a cookie's secret, hashed, with what it may do, until it ends."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment

__all__ = ["LIFETIME", "Session", "end_session", "find_session", "new_session"]

LIFETIME: Final = timedelta(hours=12)
_SECRET_BITS: Final = 256


class Session(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One signed-in browser. *token* is the cookie's value, known only when it is made."""

    withheld = frozenset({"csrf", "token"})

    client_id: str
    scopes: tuple[str, ...]
    csrf: str
    token: str = ""

    def accepts(self, csrf: str) -> bool:
        """Tell whether *csrf* is the session's own."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


async def new_session(environment: Environment, client_id: str, scopes: list[str]) -> Session:
    """Keep a new session for a client that has proved itself."""
    session = Session(
        client_id=client_id,
        scopes=tuple(scopes),
        csrf=f"{environment.random_bits(_SECRET_BITS):064x}",
        token=f"{environment.random_bits(_SECRET_BITS):064x}",
    )
    kept = {"client_id": client_id, "scopes": list(scopes), "csrf": session.csrf}
    await environment.shared.put(
        _key(session.token), msgspec.json.encode(kept), expires_at=environment.now() + LIFETIME
    )
    return session


async def find_session(environment: Environment, token: str) -> Session | None:
    """Return the session of a cookie, unless it has ended."""
    found = await environment.shared.get(_key(token), now=environment.now())
    if found is None:
        return None
    kept = msgspec.json.decode(found, type=_Kept)
    return Session(client_id=kept.client_id, scopes=tuple(kept.scopes), csrf=kept.csrf)


async def end_session(environment: Environment, token: str) -> None:
    """Forget a session."""
    await environment.shared.delete(_key(token))


class _Kept(msgspec.Struct):
    client_id: str
    scopes: list[str]
    csrf: str


def _key(token: str) -> str:
    return f"console/{hashlib.sha256(token.encode()).hexdigest()}"
