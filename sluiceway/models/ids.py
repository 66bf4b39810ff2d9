"""The ids that Auth0's wire uses: a prefix and 22 characters of the Bitcoin base58 alphabet.

Source: 19 recorded ids of terraform-provider-auth0 (``af_``, ``ac_``, ``pro_``, ``tem_``) and the
executions page of Auth0's docs (``afe_``): a 128-bit number in short-uuid form. The tenant's older
kinds of objects (``rol_``, ``con_``, ``org_``, ``cgr_``) are recorded with 16 letters and digits.
"""

from __future__ import annotations

import re
import secrets
import string
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "IdPrefix",
    "ShortPrefix",
    "encode_id",
    "is_id",
    "new_id",
    "new_short_id",
    "new_trace_id",
    "new_user_key",
]

IdPrefix: TypeAlias = Literal["af", "afe", "ac", "pro", "tem", "msg", "bat"]
ShortPrefix: TypeAlias = Literal["cgr_", "con_", "org_", "rol_", "dev_"]

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LENGTH: Final = 22
_SHORT_LENGTH: Final = 16
_LETTERS_AND_DIGITS: Final = f"{string.digits}{string.ascii_letters}"
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_FORM: Final = re.compile(rf"([a-z]+)_[{_ALPHABET}]{{{_LENGTH}}}")


def encode_id(prefix: IdPrefix, number: int) -> str:
    """Return *number* (0 to 2**128 - 1) as an id, padded to 22 characters."""
    pairs: list[str] = []
    for _ in range(_LENGTH // 2):
        number, pair = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    return f"{prefix}_{''.join(reversed(pairs))}"


def new_id(prefix: IdPrefix, *, random_bits: Callable[[int], int] = secrets.randbits) -> str:
    """Return a fresh id; *random_bits* gives that many random bits as a number."""
    return encode_id(prefix, random_bits(128))


def new_short_id(
    prefix: ShortPrefix, *, random_bits: Callable[[int], int] = secrets.randbits
) -> str:
    """Return a fresh id of 16 letters and digits (95 random bits), as the older kinds have."""
    number, drawn = random_bits(128), ""
    for _ in range(_SHORT_LENGTH):
        number, index = divmod(number, len(_LETTERS_AND_DIGITS))
        drawn += _LETTERS_AND_DIGITS[index]
    return f"{prefix}{drawn}"


def new_trace_id(*, random_bits: Callable[[int], int] = secrets.randbits) -> str:
    """Return 32 hexadecimal digits: the W3C trace id of an execution, never all zero."""
    return f"{random_bits(128) or 1:032x}"


def new_user_key(*, random_bits: Callable[[int], int] = secrets.randbits) -> str:
    """Return 24 hexadecimal digits: what follows ``auth0|`` in the id of a new database user."""
    return f"{random_bits(96):024x}"


def is_id(text: str, prefix: IdPrefix) -> bool:
    """Tell whether *text* has the form of an id with *prefix*."""
    found = _FORM.fullmatch(text)
    return found is not None and found[1] == prefix
