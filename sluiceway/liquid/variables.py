"""What the templates of notifications read: Auth0's common variables, and the author's own.

Source: Auth0's pages on email template variables and on phone message variables; the values come
from the execution's context and the tenant's settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["NOTIFICATION_VARIABLES", "TenantNames", "notification_variables"]

NOTIFICATION_VARIABLES: Final[Mapping[str, str]] = {
    "application": "The application: name, clientID, callback_domain.",
    "client": "The application, by its other names: client_id, name.",
    "connection": "The user's connection: name.",
    "custom_domain": "The custom domain: domain, domain_metadata.",
    "custom_vars": "The action's custom variables.",
    "friendly_name": "The tenant's friendly name.",
    "locale": "The language of the message, like en.",
    "organization": "The organization: id, name, display_name, metadata, branding.",
    "request_language": "The languages that the user's browser asks for.",
    "support_email": "The tenant's support address.",
    "support_url": "The tenant's support page.",
    "tenant": "The tenant's name.",
    "transaction": "The transaction: state, correlation_id, and the like.",
    "user": "The user: name, email, user_metadata, app_metadata, and the like.",
}
"""The variables there are, with what they mean; checks read their names."""


class TenantNames(Protocol):
    """What notifications say of the tenant."""

    @property
    def name(self) -> str:
        """The tenant's name."""
        ...

    @property
    def friendly_name(self) -> str:
        """What people call it."""
        ...

    @property
    def support_email(self) -> str:
        """Where its users can write."""
        ...

    @property
    def support_url(self) -> str:
        """Where its users find help."""
        ...

    @property
    def default_locale(self) -> str:
        """The language where the context names none."""
        ...


def notification_variables(
    *, context: JsonObject, tenant: TenantNames, custom_vars: JsonObject
) -> JsonObject:
    """Return the variables of one notification; those the context does not have are left out.

    Args:
        context: what the flow's ``{{ context }}`` reads.
        tenant: the tenant's settings.
        custom_vars: the action's custom variables, resolved.
    """
    client = _object(context.get("client"))
    user = _object(context.get("user"))
    language = context.get("request_language") or context.get("locale") or tenant.default_locale
    variables: JsonObject = {
        "application": {
            **client,
            "name": client.get("name"),
            "clientID": client.get("client_id"),
            "callback_domain": client.get("callback_domain"),
        },
        "client": client,
        "connection": _object(context.get("connection")) or _connection_of(user),
        "custom_domain": context.get("custom_domain"),
        "custom_vars": custom_vars,
        "friendly_name": tenant.friendly_name,
        "locale": _first_language(context.get("locale") or language),
        "organization": context.get("organization"),
        "request_language": language,
        "support_email": tenant.support_email,
        "support_url": tenant.support_url,
        "tenant": _object(context.get("tenant")).get("name") or tenant.name,
        "transaction": context.get("transaction"),
        "user": user,
    }
    return {name: value for name, value in variables.items() if value is not None}


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _connection_of(user: JsonObject) -> JsonObject:
    identities = user.get("identities")
    first = identities[0] if isinstance(identities, list) and identities else None
    name = _object(first).get("connection")
    return {"name": name} if name else {}


def _first_language(value: JsonValue) -> str:
    """Return the first language of a list like ``fr-CA,fr;q=0.9``."""
    return str(value).partition(",")[0].partition(";")[0].strip()
