"""Addresses of people: one mailbox, checked and in the form that goes on the wire."""

from __future__ import annotations

import re
from typing import Final

from sluiceway.errors import ProviderRejected
from sluiceway.providers.base import Address

__all__ = ["encode_domain", "format_address", "parse_address", "parse_phone_number"]

_LONGEST_LOCAL: Final = 64
_LONGEST: Final = 254
_ATEXT: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")
_DOMAIN: Final = re.compile(
    r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.*"
)
"""Labels of at most 63 characters (RFC 1035, 2.3.4)."""
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


def parse_address(text: str, *, role: str, name: str | None = None) -> Address:
    """Read one mailbox, ``ada@x.example`` or ``Ada <ada@x.example>``.

    The domain becomes A-labels (RFC 5891, with the mapping of UTS 46), so that only a local part
    beyond ASCII asks for SMTPUTF8 (RFC 6531). *name* goes before a name in *text*.

    Raises:
        ProviderRejected: not one mailbox; the message names *role* and never quotes more than the
            address.
    """
    # Whitespace around an address comes in by templates and means nothing; inside, it is a fault.
    given = text.strip()
    if not given.isprintable():
        raise _refusal(role, "control characters")
    found_name, mailbox = _split_mailbox(given)
    local, at, domain = mailbox.rpartition("@")
    if not at or not _is_local_part(local):
        raise _refusal(role, repr(mailbox[:_LONGEST]))
    email = f"{local}@{encode_domain(domain, role=role)}"
    if len(email.encode()) > _LONGEST:
        raise _refusal(role, f"{len(email.encode())} bytes")
    shown = " ".join((name if name is not None else found_name).split())
    return Address(email=email, name=shown or None)


def encode_domain(domain: str, *, role: str) -> str:
    """Return *domain* as lower-case A-labels.

    Raises:
        ProviderRejected: not a domain name.
    """
    if domain.isascii() and not domain.lower().startswith("xn--") and ".xn--" not in domain.lower():
        if _DOMAIN.fullmatch(domain):
            return domain.lower().rstrip(".")
        if domain.startswith("[") and domain.endswith("]"):
            return domain
        raise _refusal(role, f"the domain {domain!r}")
    import idna  # noqa: PLC0415 - its tables are large and most domains are ASCII

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _refusal(role, f"the domain {domain!r}") from error


def format_address(address: Address) -> str:
    """Return ``Name <email>`` as JSON APIs take it: the name quoted where RFC 5322 asks for it."""
    if address.name is None:
        return address.email
    name = address.name
    if any(c in '()<>[]:;@\\,."' for c in name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address.email}>"


def parse_phone_number(text: str) -> str:
    """Return *text* in E.164 form, like ``+12025550123``.

    Raises:
        ProviderRejected: it has no ``+`` and country code, or cannot be a number there.
    """
    import phonenumbers  # noqa: PLC0415 - its tables are large

    hint = "Write the number in E.164 form: + and country code, like +12025550123."
    try:
        number = phonenumbers.parse(text.strip(), None)
    except phonenumbers.NumberParseException as error:
        raise ProviderRejected(
            "expected the recipient's number in E.164 form, found none", hint=hint
        ) from error
    if number.extension or not phonenumbers.is_possible_number(number):
        raise ProviderRejected(
            "expected the recipient's number in E.164 form, found one that cannot exist", hint=hint
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _split_mailbox(text: str) -> tuple[str, str]:
    """Return the name and the address of ``Name <address>`` or ``address``."""
    before, bracket, inside = text.rpartition("<")
    if not bracket or not inside.endswith(">"):
        return "", text
    name = before.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, inside[:-1].strip()


def _is_local_part(local: str) -> bool:
    if not local or len(local.encode()) > _LONGEST_LOCAL:
        return False
    if _QUOTED.fullmatch(local):
        return True
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    return _ATEXT.fullmatch(local) is not None


def _refusal(role: str, found: str) -> ProviderRejected:
    return ProviderRejected(
        f"expected one email address as the {role}, found {found}",
        hint="Check the step's params, or the provider's default_from_address.",
    )
