"""The formats that params can have beside JSON Schema's own: one rule for saving and for running.

``email`` follows AJV's (ajv-formats, mode ``full``), with what RFC 6531 adds: letters beyond ASCII.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "is_email"]

_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
_ATOM: Final = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL: Final = re.compile(
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+\.?", re.UNICODE
)


def is_email(text: str) -> bool:
    """Tell whether *text* is one email address: a local part, ``@``, a domain of two labels."""
    found = _EMAIL.fullmatch(text)
    return (
        found is not None
        and len(found["local"].encode()) <= _LONGEST_LOCAL
        and len(text.encode()) <= _LONGEST
    )


FORMATS: Final[dict[str, Callable[..., bool]]] = {"email": is_email}
