"""Compact tokens: taken apart, put together, and checked with one algorithm and no other.

The algorithm is the connection's. What a token's own header says is compared with it and never
followed, so that no public key becomes an HMAC secret and ``none`` is just a wrong name.

Source: RFC 7515, RFC 7518, RFC 7519, RFC 8725.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from sluiceway.actions.calls import encode_json, setup_type
from sluiceway.errors import ConnectionUnusable
from sluiceway.management.jws import InvalidToken, decode_base64url, encode_base64url

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.vault.base import VaultConnection

__all__ = [
    "ALGORITHMS",
    "SOURCE",
    "Cause",
    "Key",
    "SplitToken",
    "find_fault",
    "is_signed_by",
    "read_key",
    "sign",
    "split_token",
]

SOURCE: Final = "https://auth0.com/docs/customize/forms/flows/integrations/json-web-token"
ALGORITHMS: Final = tuple(
    f"{kind}{bits}" for kind in ("HS", "RS", "ES", "PS") for bits in (256, 384, 512)
)
Cause: TypeAlias = Literal[
    "MALFORMED_TOKEN",
    "INVALID_ALGORITHM",
    "INVALID_SIGNATURE",
    "TOKEN_EXPIRED",
    "TOKEN_NOT_ACTIVE",
    "INVALID_ISSUER",
    "INVALID_AUDIENCE",
]

_PARTS: Final = 3
# Auth0's schema leaves the name of the key open, and its pages show a field "Secret" only.
_SECRETS: Final = ("secret", "secret_key", "key", "signing_key")
_PRIVATE: Final = ("private_key", *_SECRETS)
_PUBLIC: Final = ("public_key", "certificate", *_PRIVATE)
_CERTIFICATE: Final = "-----BEGIN CERTIFICATE"
_ONE_LINE: Final = re.compile(r"(-----BEGIN [A-Z0-9 ]+-----)(.+)(-----END [A-Z0-9 ]+-----)")
_PRIVATE_PEM: Final = "PRIVATE KEY-----"


class SplitToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token's parts; *payload* is JSON, or the text where it is none."""

    header: JsonObject
    payload: JsonValue
    signature: str
    signed: bytes

    def as_output(self) -> JsonObject:
        """Return ``{header, payload, signature}``."""
        return {"header": self.header, "payload": self.payload, "signature": self.signature}


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What signs or checks, and the one algorithm it does that with."""

    algorithm: str
    method: Any  # of PyJWT: an Algorithm, which is generic over keys
    prepared: Any
    key_id: str | None = None


def split_token(token: str) -> SplitToken:
    """Take a token apart without checking it.

    Raises:
        InvalidToken: it is no compact token with a JSON object as its header.
    """
    parts = token.strip().split(".")
    if len(parts) != _PARTS:
        raise InvalidToken(f"expected three parts with dots between, found {len(parts)}")
    header = _read_json(decode_base64url(parts[0]))
    if not isinstance(header, dict):
        raise InvalidToken("expected a JSON object as the header")
    decode_base64url(parts[2])
    return SplitToken(
        header=header,
        payload=_read_json(decode_base64url(parts[1])),
        signature=parts[2],
        signed=f"{parts[0]}.{parts[1]}".encode("ascii"),
    )


def sign(payload: JsonObject, key: Key) -> str:
    """Return *payload* as a signed compact token."""
    header: JsonObject = {"alg": key.algorithm, "typ": "JWT"}
    if key.key_id is not None:
        header["kid"] = key.key_id
    signed = ".".join(encode_base64url(encode_json(part)) for part in (header, payload))
    signature: bytes = key.method.sign(signed.encode("ascii"), key.prepared)
    return f"{signed}.{encode_base64url(signature)}"


def is_signed_by(token: SplitToken, key: Key) -> bool:
    """Tell whether *key* made the token's signature; its header's algorithm is not asked."""
    return bool(key.method.verify(token.signed, key.prepared, decode_base64url(token.signature)))


def find_fault(
    token: SplitToken, key: Key, *, now: datetime, issuer: str | None, audience: str | None
) -> Cause | None:
    """Return the first reason not to trust *token*, or ``None``.

    The signature comes before the claims: what nobody vouches for is not looked at.
    """
    if token.header.get("alg") != key.algorithm:
        return "INVALID_ALGORITHM"
    if "crit" in token.header:
        # RFC 7515, 4.1.11: extensions that must be understood, and none are.
        return "MALFORMED_TOKEN"
    if not is_signed_by(token, key):
        return "INVALID_SIGNATURE"
    claims = token.payload
    if not isinstance(claims, dict):
        return "MALFORMED_TOKEN"
    return _find_claim_fault(claims, at_s=now.timestamp(), issuer=issuer, audience=audience)


def _find_claim_fault(
    claims: JsonObject, *, at_s: float, issuer: str | None, audience: str | None
) -> Cause | None:
    begins, ends = claims.get("nbf"), claims.get("exp")
    if not (_is_time(begins) and _is_time(ends)):
        return "MALFORMED_TOKEN"
    if isinstance(begins, int | float) and begins > at_s:
        return "TOKEN_NOT_ACTIVE"
    if isinstance(ends, int | float) and ends <= at_s:
        return "TOKEN_EXPIRED"
    if issuer and claims.get("iss") != issuer:
        return "INVALID_ISSUER"
    if audience:
        found = claims.get("aud")
        if audience not in (found if isinstance(found, list) else [found]):
            return "INVALID_AUDIENCE"
    return None


def _is_time(value: JsonValue) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def read_key(connection: VaultConnection, *, signs: bool) -> Key:
    """Return the connection's key: the one that signs, else the one that checks.

    A connection that has only its private key also checks, with the public half.

    Raises:
        ConnectionUnusable: there is no key, or not one of the algorithm's kind.
    """
    from jwt.algorithms import get_default_algorithms  # noqa: PLC0415 - slow to load
    from jwt.exceptions import InvalidKeyError  # noqa: PLC0415

    setup_type(connection, "JWT")
    setup = connection.setup or {}
    algorithm = setup.get("algorithm")
    if algorithm not in ALGORITHMS:
        raise ConnectionUnusable(
            f"expected an algorithm like HS256 in the vault connection {connection.name!r}, "
            "found none that is known"
        )
    method = get_default_algorithms()[str(algorithm)]
    is_secret = str(algorithm).startswith("HS")
    names = _SECRETS if is_secret else _PRIVATE if signs else _PUBLIC
    text = next(
        (found for name in names if isinstance(found := setup.get(name), str) and found), ""
    )
    if not text:
        raise ConnectionUnusable(
            f"expected {names[0]} in the setup of the vault connection {connection.name!r}, "
            "found none"
        )
    try:
        prepared = method.prepare_key(text if is_secret else _public_pem(text, signs=signs))
    except (InvalidKeyError, ValueError, TypeError) as error:
        # Without the library's words: they may quote the key.
        raise ConnectionUnusable(
            f"expected a key for {algorithm} in the vault connection {connection.name!r}, "
            f"found one that cannot be used for it"
        ) from error
    if not is_secret and signs and not hasattr(prepared, "private_bytes"):
        raise ConnectionUnusable(
            f"expected a private key in the vault connection {connection.name!r}, "
            "found a public one"
        )
    key_id = setup.get("key_id", setup.get("kid"))
    return Key(
        algorithm=str(algorithm),
        method=method,
        prepared=prepared,
        key_id=key_id if isinstance(key_id, str) else None,
    )


def _public_pem(text: str, *, signs: bool) -> Any:
    """Return *text* for the library; to check, the public half of a certificate or private key."""
    from cryptography import x509  # noqa: PLC0415 - slow to load
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    pem = _with_lines(text)
    if signs:
        return pem
    if _CERTIFICATE in pem:
        return x509.load_pem_x509_certificate(pem.encode()).public_key()
    if _PRIVATE_PEM in pem:
        return load_pem_private_key(pem.encode(), password=None).public_key()
    return pem


def _with_lines(text: str) -> str:
    """Return a PEM file that a one-line text field made one line of, as lines again."""
    pem = text.replace("\\n", "\n").strip()
    found = None if "\n" in pem else _ONE_LINE.fullmatch(pem)
    if found is not None:
        pem = f"{found[1]}\n{''.join(found[2].split())}\n{found[3]}"
    return f"{pem}\n"


def _read_json(data: bytes) -> JsonValue:
    try:
        value: JsonValue = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data.decode("utf-8", "replace")
    return value
