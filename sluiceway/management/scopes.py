"""Every scope of the embedded tenant's Management API, and of Sluiceway's own."""

from __future__ import annotations

from typing import Final

__all__ = ["ALL_SCOPES", "DESCRIPTIONS"]

_FOUR: Final = ("create", "read", "update", "delete")
_RESOURCES: Final = (
    "flows",
    "flows_executions",
    "flows_vault_connections",
    "users",
    "clients",
    "client_grants",
    "client_keys",
    "client_credentials",
    "connections",
    "resource_servers",
    "organizations",
    "organization_members",
    "organization_member_roles",
    "organization_connections",
    "organization_client_grants",
    "roles",
    "role_members",
    "email_provider",
    "email_templates",
    "phone_providers",
    "phone_templates",
    "signing_keys",
    "authentication_methods",
)
_SINGLE: Final = (
    "read:tenant_settings",
    "update:tenant_settings",
    "delete:tenant_data",
    "read:user_idp_tokens",
    "update:current_user_identities",
    "read:sessions",
    "delete:sessions",
    "read:refresh_tokens",
    "delete:refresh_tokens",
    "delete:guardian_enrollments",
    "read:logs_users",
    "update:users_app_metadata",
    "read:outbox",
    "read:outbox_content",
    "update:outbox",
    "read:forms",
    "read:actions",
    "read:logs",
    "read:audit",
)

ALL_SCOPES: Final = (*(f"{verb}:{name}" for name in _RESOURCES for verb in _FOUR), *_SINGLE)
"""What the first client may do."""

DESCRIPTIONS: Final = {
    scope: f"{verb.capitalize()} {name.replace('_', ' ')}"
    for scope in ALL_SCOPES
    for verb, _, name in [scope.partition(":")]
}
