"""How many segments a text message takes: GSM 03.38 with its extension table, or UCS-2.

Source: 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1, and 3GPP TS 23.040, section 9.2.3.24.1.
"""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["SmsSize", "count_segments"]

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_GSM_ONE, _GSM_PART = 160, 153
_UCS2_ONE, _UCS2_PART = 70, 67
_FIRST_ASTRAL: Final = 0x10000


class SmsSize(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a text message.

    Attributes:
        encoding: ``GSM-7`` or ``UCS-2``.
        units: septets of GSM-7 (an extension character takes two), or 16-bit units of UCS-2.
        segments: how many messages the network carries, and bills.
        unicode_characters: the characters that GSM-7 lacks, each once, in order.
    """

    encoding: str
    units: int
    segments: int
    unicode_characters: str = ""


def count_segments(text: str) -> SmsSize:
    """Return the size of *text*; an empty text takes one segment.

    A character of two units is never split over two segments, so a long text may leave a unit of a
    segment empty.

    Example:
        >>> count_segments("Your code is 123456").segments
        1
    """
    strange = "".join(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENSION))
    if strange:
        widths = [2 if ord(c) >= _FIRST_ASTRAL else 1 for c in text]
        segments = _pack(widths, _UCS2_ONE, _UCS2_PART)
        return SmsSize(
            encoding="UCS-2", units=sum(widths), segments=segments, unicode_characters=strange
        )
    widths = [2 if c in _EXTENSION else 1 for c in text]
    return SmsSize(encoding="GSM-7", units=sum(widths), segments=_pack(widths, _GSM_ONE, _GSM_PART))


def _pack(widths: list[int], one: int, part: int) -> int:
    if sum(widths) <= one:
        return 1
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return segments
