"""Keys of every kind that a JWT connection can hold, made once."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

ALGORITHMS = [f"{kind}{bits}" for kind in ("HS", "RS", "ES", "PS") for bits in (256, 384, 512)]
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
SECRET = "a-secret-of-more-than-thirty-two-characters-0123456789-0123456789"


def private_key(algorithm: str, number: int = 0) -> Any:
    return _made(algorithm if algorithm in CURVES else "RSA", number)


@cache
def _made(kind: str, _: int) -> Any:
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind])
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(algorithm: str, number: int = 0) -> str:
    return (
        private_key(algorithm, number)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def public_pem(algorithm: str, number: int = 0) -> str:
    return (
        private_key(algorithm, number)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def certificate_pem(algorithm: str) -> str:
    key = private_key(algorithm)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def setup_of(algorithm: str) -> dict[str, Any]:
    if algorithm.startswith("HS"):
        return {"type": "JWT", "algorithm": algorithm, "secret": SECRET}
    return {"type": "JWT", "algorithm": algorithm, "private_key": private_pem(algorithm)}


def checking_key(algorithm: str) -> Any:
    return SECRET if algorithm.startswith("HS") else private_key(algorithm).public_key()
