"""The languages that Twilio's ``<Say>`` speaks, and the region it wants where a tag names none.

Source: https://www.twilio.com/docs/voice/twiml/say#languages-and-voices
"""

from __future__ import annotations

from typing import Final

__all__ = ["say_language"]

_BY_REGION: Final = frozenset(
    {"ar-XA", "bg-BG", "ca-ES", "cs-CZ", "cy-GB", "da-DK", "de-AT", "de-DE"}
    | {"el-GR", "en-AU", "en-GB", "en-GB-WLS", "en-IE", "en-IN", "en-NZ", "en-US"}
    | {"en-ZA", "es-ES", "es-MX", "es-US", "et-EE", "fi-FI", "fil-PH", "fr-BE"}
    | {"fr-CA", "fr-FR", "he-IL", "hi-IN", "hu-HU", "id-ID", "is-IS", "it-IT"}
    | {"ja-JP", "ko-KR", "lt-LT", "lv-LV", "ms-MY", "nb-NO", "nl-BE", "nl-NL"}
    | {"pl-PL", "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sk-SK", "sr-RS", "sv-SE"}
    | {"th-TH", "tr-TR", "uk-UA", "vi-VN", "cmn-CN", "cmn-TW", "yue-HK"}
)
_BARE: Final = {"en": "en-US", "es": "es-ES", "fr": "fr-FR", "de": "de-DE", "nl": "nl-NL"}
_OTHERS: Final = {
    "pt": "pt-PT",
    "zh": "cmn-CN",
    "zh-cn": "cmn-CN",
    "zh-hans": "cmn-CN",
    "zh-hant": "cmn-TW",
    "zh-tw": "cmn-TW",
    "zh-hk": "yue-HK",
    "no": "nb-NO",
    "tl": "fil-PH",
}
_EXACT: Final = {tag.lower(): tag for tag in _BY_REGION}
_FIRST: Final = {tag.partition("-")[0]: tag for tag in sorted(_BY_REGION, reverse=True)}


def say_language(tag: str | None) -> str | None:
    """Return Twilio's name for a BCP 47 *tag*; ``None`` where it does not speak the language.

    Example:
        >>> say_language("de"), say_language("pt_BR"), say_language("eo")
        ('de-DE', 'pt-BR', None)
    """
    wanted = (tag or "").replace("_", "-").lower()
    if not wanted:
        return None
    language = wanted.partition("-")[0]
    return (
        _EXACT.get(wanted)
        or _OTHERS.get(wanted)
        or _OTHERS.get(language)
        or _BARE.get(language)
        or _FIRST.get(language)
    )
