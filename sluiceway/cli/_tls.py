"""A certificate authority of this machine's own, so that clients which insist on https work."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["LocalCertificate", "ensure_certificate"]

_AUTHORITY_LIFE: Final = timedelta(days=3650)
# Apple's limit for certificates of authorities that a user added.
_CERTIFICATE_LIFE: Final = timedelta(days=397)
_RENEW_BEFORE: Final = timedelta(days=30)
_BACKDATED: Final = timedelta(minutes=5)


class LocalCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The files that a server and its clients need."""

    authority: Path
    certificate: Path
    key: Path


def ensure_certificate(
    folder: Path, names: Sequence[str], *, now: datetime | None = None
) -> LocalCertificate:
    """Return the files in *folder*, made where they are missing, too old or lack one of *names*.

    Args:
        folder: where they are kept; keys are readable by their owner alone.
        names: host names and addresses that the server is reached by.
        now: the clock's reading.
    """
    moment = now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    files = LocalCertificate(
        authority=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key"
    )
    authority_key_file = folder / "ca.key"
    wanted = sorted({*names, "localhost", "127.0.0.1", "::1"})
    if not (files.authority.exists() and authority_key_file.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(authority_key_file, key)
        files.authority.write_bytes(_pem(_authority(key, moment)))
        files.certificate.unlink(missing_ok=True)
    if not _is_good(files, wanted, moment):
        loaded = serialization.load_pem_private_key(authority_key_file.read_bytes(), password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError(f"expected an EC key in {authority_key_file}")
        authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(files.key, key)
        issued = _certificate(key, wanted, authority, loaded, moment)
        files.certificate.write_bytes(_pem(issued) + files.authority.read_bytes())
    return files


def _is_good(files: LocalCertificate, names: list[str], now: datetime) -> bool:
    if not (files.certificate.exists() and files.key.exists()):
        return False
    found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    present = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    shown = {str(item.value) for item in present}
    return set(names) <= shown and now + _RENEW_BEFORE < found.not_valid_after_utc


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name(f"Sluiceway local authority {now:%Y-%m-%d}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    names: list[str],
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name("Sluiceway"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _CERTIFICATE_LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
