"""Clients that sign in with a key of their own: ``private_key_jwt`` (RFC 7523, section 3)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sluiceway.management.jws import InvalidToken, decode_base64url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonValue
    from sluiceway.storage.base import Document

__all__ = ["is_good_assertion", "subject_of"]

_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = frozenset({"RS256", "RS384", "PS256"})
_LONGEST: Final = timedelta(minutes=5)
_LEEWAY_S: Final = 10


def subject_of(assertion: str) -> str:
    """Return the client that an unchecked assertion claims to be, or ``""``."""
    import msgspec  # noqa: PLC0415 - kept beside its only use

    parts = assertion.split(".")
    try:
        claims: JsonValue = msgspec.json.decode(decode_base64url(parts[1]))
    except (InvalidToken, IndexError, msgspec.DecodeError, UnicodeDecodeError):
        return ""
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else ""


async def is_good_assertion(
    environment: Environment, client: Document, fields: Mapping[str, str]
) -> bool:
    """Tell whether the assertion was signed by one of the client's keys, for us, now, and once."""
    if fields.get("client_assertion_type") != _TYPE:
        return False
    assertion = fields["client_assertion"]
    for credential in await environment.documents.find("client_credential", "client", client.id):
        claims = _verified(environment, client.id, assertion, credential.body)
        if claims is not None:
            return await _is_first_use(environment, client.id, claims)
    return False


def _verified(
    environment: Environment, client_id: str, assertion: str, credential: Mapping[str, Any]
) -> dict[str, Any] | None:
    import jwt  # noqa: PLC0415 - heavy, and only such clients need it

    algorithm = credential.get("alg")
    if algorithm not in _ALGORITHMS:
        return None
    audience = [
        environment.issuer,
        environment.issuer.rstrip("/"),
        f"{environment.issuer}oauth/token",
    ]
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            str(credential.get("pem", "")),
            algorithms=[str(algorithm)],
            audience=audience,
            issuer=client_id,
            options={
                "require": ["exp", "iat", "iss", "sub", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError):
        return None
    now = environment.now().timestamp()
    issued, ends = claims["iat"], claims["exp"]
    if claims["sub"] != client_id or not isinstance(issued, int | float):
        return None
    if not isinstance(ends, int | float) or not now - _LEEWAY_S < ends:
        return None
    too_long = ends - now > _LONGEST.total_seconds() + _LEEWAY_S
    return None if too_long or issued > now + _LEEWAY_S else claims


async def _is_first_use(environment: Environment, client_id: str, claims: dict[str, Any]) -> bool:
    digest = hashlib.sha256(f"{client_id}\n{claims['jti']}".encode()).hexdigest()
    key = f"assertion/{digest}"
    now = environment.now()
    if await environment.shared.get(key, now=now) is not None:
        return False
    await environment.shared.put(key, b"", expires_at=now + 2 * _LONGEST)
    return True
