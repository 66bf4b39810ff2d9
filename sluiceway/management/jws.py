"""Sign and check RS256 tokens (RFC 7515, RFC 7518 section 3.3); no other algorithm exists here.

PyJWT would take a sixth of a second to import, a third of what a whole run of a flow may take.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from sluiceway.models.json import JsonObject

__all__ = [
    "InvalidToken",
    "SigningKey",
    "decode_base64url",
    "encode_base64url",
    "generate_key",
    "load_key",
    "read_header",
    "sign",
    "verify",
]

ALGORITHM: Final = "RS256"
_KEY_BITS: Final = 2048
_EXPONENT: Final = 65537
_MAX_TOKEN: Final = 16_384
_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


class InvalidToken(Exception):
    """A token that this server did not sign, or that cannot be read."""


class SigningKey(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One key pair; *kid* names it in tokens and in the JWKS."""

    withheld = frozenset({"private_key"})

    kid: str
    private_key: RSAPrivateKey

    @property
    def public_key(self) -> RSAPublicKey:
        """The half that checks."""
        return self.private_key.public_key()

    def as_jwk(self) -> JsonObject:
        """Return the public half for the JWKS (RFC 7517)."""
        numbers = self.public_key.public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": ALGORITHM,
            "kid": self.kid,
            "n": _encode_number(numbers.n),
            "e": _encode_number(numbers.e),
        }

    def as_private_jwk(self) -> bytes:
        """Return both halves as JSON (RFC 7518, section 6.3.2), to be sealed.

        Not PKCS#8: reading that loads a third of the cryptography package at every start.
        """
        numbers = self.private_key.private_numbers()
        private = {
            "d": numbers.d,
            "p": numbers.p,
            "q": numbers.q,
            "dp": numbers.dmp1,
            "dq": numbers.dmq1,
            "qi": numbers.iqmp,
        }
        return msgspec.json.encode(
            {**self.as_jwk(), **{name: _encode_number(value) for name, value in private.items()}}
        )


def generate_key(kid: str) -> SigningKey:
    """Make a key of 2048 bits; takes a tenth of a second or more."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - heavy, rare

    private = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=_KEY_BITS)
    return SigningKey(kid=kid, private_key=private)


def load_key(kid: str, jwk: bytes) -> SigningKey:
    """Read what ``as_private_jwk`` wrote.

    Raises:
        InvalidToken: a number in it cannot be read.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - heavy

    part = msgspec.json.decode(jwk, type=dict[str, str])
    e, n, d, p, q, dp, dq, qi = (
        int.from_bytes(decode_base64url(part[name]), "big")
        for name in ("e", "n", "d", "p", "q", "dp", "dq", "qi")
    )
    numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n))
    # The key was checked when it was made, and is read only from its sealed copy.
    return SigningKey(kid=kid, private_key=numbers.private_key(unsafe_skip_rsa_key_validation=True))


def _encode_number(number: int) -> str:
    return encode_base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def encode_base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515, appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """Decode strictly: no padding, no character outside the alphabet.

    Raises:
        InvalidToken: *text* is not base64url.
    """
    try:
        data = text.encode("ascii").translate(_URL_TO_STANDARD)
        if b"=" in data or b"!" in data:
            raise InvalidToken("expected base64url without padding")
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidToken("expected base64url") from error


# Standard base64's own two characters become one that no alphabet has.
_URL_TO_STANDARD: Final = bytes.maketrans(b"-_+/", b"+/!!")


def sign(claims: JsonObject, key: SigningKey) -> str:
    """Return *claims* as a compact token."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - heavy

    header = {"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}
    parts = [encode_base64url(msgspec.json.encode(part)) for part in (header, claims)]
    signed = ".".join(parts)
    signature = key.private_key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{encode_base64url(signature)}"


def read_header(token: str) -> dict[str, Any]:
    """Return the token's header, unchecked: good for choosing a key by its ``kid`` and no more.

    Raises:
        InvalidToken: it is no compact token.
    """
    if len(token) > _MAX_TOKEN or token.count(".") != 2:  # noqa: PLR2004 - header.claims.signature
        raise InvalidToken("expected a compact token of three parts")
    return _read(token.partition(".")[0])


def verify(token: str, key: SigningKey) -> dict[str, Any]:
    """Return the claims of a token that *key* signed. Times and audience are the caller's to check.

    Raises:
        InvalidToken: another algorithm, a wrong signature, critical extensions, or no JSON.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - heavy

    header = read_header(token)
    if header.get("alg") != ALGORITHM or "crit" in header:
        raise InvalidToken(f"expected a token signed with {ALGORITHM}")
    signed, _, signature = token.rpartition(".")
    try:
        key.public_key.verify(
            decode_base64url(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature as error:
        raise InvalidToken("the signature does not fit") from error
    return _read(signed.partition(".")[2])


def _read(part: str) -> dict[str, Any]:
    try:
        return _DECODER.decode(decode_base64url(part))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidToken("expected JSON") from error
