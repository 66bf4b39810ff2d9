"""Made-up data for previews: a transaction as Auth0's variables page describes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["SAMPLE_CONTEXT", "SAMPLE_TEMPLATE_VARIABLES"]

SAMPLE_CONTEXT: Final[JsonObject] = {
    "user": {
        "user_id": "auth0|507f1f77bcf86cd799439020",
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "nickname": "ada",
        "username": "ada",
        "phone_number": "+12025550123",
        "phone_verified": True,
        "picture": "https://example.com/ada.png",
        "user_metadata": {},
        "app_metadata": {},
        "created_at": "2026-01-05T09:30:00.000Z",
        "updated_at": "2026-01-05T09:30:00.000Z",
        "identities": [
            {
                "connection": "Username-Password-Authentication",
                "provider": "auth0",
                "user_id": "507f1f77bcf86cd799439020",
                "isSocial": False,
            }
        ],
    },
    "client": {"client_id": "AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPp", "name": "My application"},
    "organization": {
        "id": "org_123456789abcdefg",
        "name": "example",
        "display_name": "Example",
        "metadata": {},
    },
    "transaction": {"state": "made-up-state", "correlation_id": "made-up-correlation-id"},
    "locale": "en",
}
"""The ``{{ context }}`` of a preview without an execution."""

SAMPLE_TEMPLATE_VARIABLES: Final[JsonObject] = {
    "url": "https://example.com/made-up-link",
    "code": "123456",
    "inviter": {"name": "Grace Hopper", "email": "grace@example.com"},
    "roles": ["editor"],
    "user_source_ip": "192.0.2.1",
    "city": "London",
    "country": "United Kingdom",
    "pin": "123456",
    "message_type": "sms_verification",
    "phone_number": "+12025550123",
    "send_type": "text",
}
"""What stock templates read beside the common variables (Auth0's pages on email templates)."""
