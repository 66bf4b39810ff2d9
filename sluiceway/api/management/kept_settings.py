"""Settings of an Auth0 tenant that rule over sign-in: kept and given back, nothing acts on them.

deploy-cli stops an export where one cannot be read, and an import where one cannot be written.
Source of what a new tenant has: recordings of auth0-deploy-cli's own tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.route import Call, Route
from sluiceway.management.fields import OPEN
from sluiceway.management.kept_settings import KeptSetting, change_kept, get_kept, replace_kept
from sluiceway.management.validation import Schema

if TYPE_CHECKING:
    from sluiceway.api.route import Handler
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_BODY: Final = Schema(OPEN)
_POLICIES: Final = Schema({"type": "array", "items": {"type": "string"}})
_NO_SHIELDS: Final[JsonObject] = {"shields": []}
_DEFAULTS: Final[dict[str, tuple[str, JsonObject]]] = {
    "attack-protection/breached-password-detection": (
        "attack_protection",
        {
            "enabled": False,
            "shields": [],
            "admin_notification_frequency": [],
            "method": "standard",
            "stage": {"pre-user-registration": _NO_SHIELDS, "pre-change-password": _NO_SHIELDS},
        },
    ),
    "attack-protection/brute-force-protection": (
        "attack_protection",
        {
            "enabled": True,
            "shields": ["block", "user_notification"],
            "mode": "count_per_identifier_and_ip",
            "allowlist": [],
            "max_attempts": 10,
        },
    ),
    "attack-protection/suspicious-ip-throttling": (
        "attack_protection",
        {
            "enabled": True,
            "shields": ["admin_notification", "block"],
            "allowlist": [],
            "stage": {
                "pre-login": {"max_attempts": 100, "rate": 864_000},
                "pre-user-registration": {"max_attempts": 50, "rate": 1_200},
                "pre-custom-token-exchange": {"max_attempts": 10, "rate": 600_000},
            },
        },
    ),
    "attack-protection/bot-detection": (
        "attack_protection",
        {
            "challenge_password_policy": "never",
            "challenge_passwordless_policy": "never",
            "challenge_password_reset_policy": "never",
            "allowlist": [],
            "bot_detection_level": "medium",
            "monitoring_mode_enabled": False,
        },
    ),
    "attack-protection/captcha": (
        "attack_protection",
        {"active_provider_id": "auth_challenge", "auth_challenge": {"fail_open": False}},
    ),
    "branding": ("branding", {}),
    "prompts": (
        "prompts",
        {
            "universal_login_experience": "new",
            "identifier_first": True,
            "webauthn_platform_first_factor": False,
        },
    ),
    "risk-assessments/settings": ("attack_protection", {"enabled": False}),
    "risk-assessments/settings/new-device": ("attack_protection", {"remember_for": 30}),
    "supplemental-signals": ("attack_protection", {"akamai_enabled": False}),
}


def _setting(call: Call, path: str, defaults: JsonObject) -> KeptSetting:
    return KeptSetting(id=path.format(**call.path), defaults=defaults)


def _reading(path: str, defaults: JsonObject) -> Handler:
    async def read(call: Call) -> JsonValue:
        return await get_kept(call.services.tenant.environment, _setting(call, path, defaults))

    return read


def _writing(path: str, defaults: JsonObject, *, is_whole: bool) -> Handler:
    write = replace_kept if is_whole else change_kept

    async def keep(call: Call) -> JsonValue:
        body: JsonObject = call.body if isinstance(call.body, dict) else {}
        return await write(call.services.tenant.environment, _setting(call, path, defaults), body)

    return keep


def _routes(path: str, scope: str, defaults: JsonObject, *, is_whole: bool = False) -> list[Route]:
    words = [part.replace("-", " ") for part in path.split("/") if not part.startswith("{")]
    what = ", ".join(words)
    tag = path.partition("/")[0]
    return [
        Route(
            method="GET",
            path=f"/api/v2/{path}",
            handle=_reading(path, defaults),
            summary=f"Get the settings kept for {what}",
            scopes=(f"read:{scope}",),
            tag=tag,
        ),
        Route(
            method="PUT" if is_whole else "PATCH",
            path=f"/api/v2/{path}",
            handle=_writing(path, defaults, is_whole=is_whole),
            summary=f"Keep settings for {what}",
            scopes=(f"update:{scope}",),
            body=_BODY,
            tag=tag,
        ),
    ]


_MFA: Final = KeptSetting(id="guardian/policies", defaults={"policies": []})


async def _policies(call: Call) -> JsonValue:
    return (await get_kept(call.services.tenant.environment, _MFA))["policies"]


async def _set_policies(call: Call) -> JsonValue:
    body: JsonObject = {"policies": call.body}
    return (await replace_kept(call.services.tenant.environment, _MFA, body))["policies"]


ROUTES: Final = (
    *(
        route
        for path, (scope, defaults) in _DEFAULTS.items()
        for route in _routes(path, scope, defaults)
    ),
    *_routes("prompts/{prompt}/custom-text/{language}", "prompts", {}, is_whole=True),
    *_routes("prompts/{prompt}/partials", "prompts", {}, is_whole=True),
    Route(
        method="GET",
        path="/api/v2/guardian/policies",
        handle=_policies,
        summary="Get the policies kept for multi-factor authentication",
        scopes=("read:mfa_policies",),
        tag="guardian",
    ),
    Route(
        method="PUT",
        path="/api/v2/guardian/policies",
        handle=_set_policies,
        summary="Keep policies for multi-factor authentication",
        scopes=("update:mfa_policies",),
        body=_POLICIES,
        tag="guardian",
    ),
)
