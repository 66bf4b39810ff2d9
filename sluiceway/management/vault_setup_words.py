"""How people call what a vault connection is set up with: forms are drawn from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.models.json import JsonObject

__all__ = ["words_of_field", "words_of_kind"]

_KINDS: Final[Mapping[str, str]] = {
    "API_KEY": "API key",
    "BASIC_AUTH": "User name and password",
    "BEARER": "Bearer token",
    "JWT": "Signing key",
    "KEY_PAIR": "Keys",
    "OAUTH_APP": "Machine-to-machine application",
    "OAUTH_CLIENT_CREDENTIALS": "OAuth client credentials",
    "OAUTH_CODE": "OAuth code of Auth0",
    "OAUTH_JWT": "Service account",
    "TOKEN": "Token",
    "WEBHOOK": "Webhook",
}
_TIPS_OF_KINDS: Final[Mapping[str, str]] = {
    "OAUTH_CODE": "Auth0 exchanges this code with an application of its own. Here it is kept for "
    "an export, and steps cannot use it: set up a key or a token instead, where the app has one.",
}
# By name, or where apps differ by the app too: a title, and what to know.
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "account_id": ("Account SID", ""),
    "algorithm": ("Algorithm", ""),
    "api_key": ("API key", ""),
    "audience": ("Audience", ""),
    "AUTH0 audience": (
        "Audience",
        "Only where the tenant has a custom domain: https://TENANT.auth0.com/api/v2/",
    ),
    "base_url": ("Base URL", "The account's API address, as its settings show it."),
    "client_email": ("Client email", "As in the service account's key file."),
    "client_id": ("Client ID", ""),
    "client_secret": ("Client secret", ""),
    "code": ("Code", ""),
    "domain": ("Domain", "The tenant's domain, like example.eu.auth0.com."),
    "in": ("Sent in", ""),
    "name": ("Name of the header or parameter", "Like X-Api-Key."),
    "password": ("Password", ""),
    "private_key": ("Private key", "In PEM, with its BEGIN and END lines."),
    "JWT private_key": ("Private key", "In PEM, for RS, ES and PS algorithms."),
    "STRIPE private_key": ("Secret key", "Like sk_live_…"),
    "project_id": ("Project", ""),
    "public_key": ("Public key", "In PEM; to verify what RS, ES and PS algorithms signed."),
    "STRIPE public_key": ("Publishable key", "Like pk_live_…"),
    "resource": ("Resource", ""),
    "scope": ("Scope", "Scopes with spaces between them."),
    "secret": ("Secret", "For HS algorithms."),
    "secret_key": ("Secret key", ""),
    "token": ("Token", ""),
    "token_endpoint": ("Token endpoint", "An https address."),
    "TWILIO api_key": ("Auth token", ""),
    "url": ("Webhook URL", "An https address."),
    "username": ("User name", ""),
    "value": ("Key", ""),
}
_LONG: Final = frozenset({"private_key", "public_key"})
_NOT_PEM: Final = frozenset({"STRIPE"})


def words_of_kind(type_: str) -> JsonObject:
    """Return ``{title, tip}`` of a kind of setup."""
    return {
        "title": _KINDS.get(type_, type_.replace("_", " ").capitalize()),
        "tip": _TIPS_OF_KINDS.get(type_, ""),
    }


def words_of_field(app_id: str, name: str) -> JsonObject:
    """Return ``{title, tip, multiline}`` of a field."""
    plain = (name.replace("_", " ").capitalize(), "")
    title, tip = _FIELDS.get(f"{app_id} {name}") or _FIELDS.get(name, plain)
    return {"title": title, "tip": tip, "multiline": name in _LONG and app_id not in _NOT_PEM}
