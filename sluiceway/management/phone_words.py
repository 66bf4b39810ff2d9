"""What phone templates say before anybody changes them.

Recorded: go-auth0 ``TestBrandingManager_ListPhoneNotificationTemplate`` and ``…_Reset…``. Clients
compare what they export with these, so they are Auth0's to the letter; those of a breach are ours.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["FIRST_WORDS", "LISTED_UNSET"]


class _Words(NamedTuple):
    text: str
    voice: str


def _code(what: str, *, greeting: str, rest: str = "") -> _Words:
    return _Words(
        text=f"{{{{ code | escape }}}} is your {what} for {{{{ friendly_name | escape }}}}{rest}",
        voice=(
            f"Hello. Your {greeting} for {{{{ friendly_name | escape }}}} is {{{{ pause }}}} "
            f"{{{{ code | escape }}}}. I repeat, your {greeting} is {{{{ pause }}}} "
            "{{ code | escape }}"
        ),
    )


_BLOCKED: Final = (
    "We detected suspicious activity on your account from the ip {{user.source_ip}}"
    "{% if user.city %} from {{user.city}}, {{user.country}}"
    "{% elsif user.country %} from {{user.country}}{% endif %}. "
    "Logins from this IP have been blocked on your account. If this is your IP, please reset your "
    "password to unblock your account. Otherwise, disregard this message."
)
_BREACH: Final = "Your password may have been breached. Change it as soon as you can."

FIRST_WORDS: Final[dict[str, _Words]] = {
    "blocked_account": _Words(_BLOCKED, _BLOCKED),
    "change_password": _code("password change code", greeting="password change code"),
    "otp_enroll": _code(
        "verification code",
        greeting="verification code",
        rest=". Please enter this code to verify your enrollment.",
    ),
    "otp_verify": _code("verification code", greeting="verification code"),
    "password_breach": _Words(_BREACH, _BREACH),
}
"""By type, as text and as speech."""

LISTED_UNSET: Final = ("blocked_account", "change_password", "otp_enroll", "otp_verify")
"""The types that lists show although no template was made."""
