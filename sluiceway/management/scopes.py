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
_EMPTY: Final = (
    "rules",
    "rules_configs",
    "hooks",
    "log_streams",
    "custom_domains",
    "self_service_profiles",
    "network_acls",
    "directory_provisionings",
    "connection_profiles",
    "event_streams",
    "rate_limit_policies",
    "token_exchange_profiles",
    "user_attribute_profiles",
)
"""What deploy-cli lists, of which the tenant has none."""

_KEPT: Final = ("attack_protection", "branding", "prompts", "mfa_policies")
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
    *(f"read:{name}" for name in _EMPTY),
    *(f"{verb}:{name}" for name in _KEPT for verb in ("read", "update")),
)

ALL_SCOPES: Final = (*(f"{verb}:{name}" for name in _RESOURCES for verb in _FOUR), *_SINGLE)
"""What the first client may do."""

DESCRIPTIONS: Final = {
    scope: f"{verb.capitalize()} {name.replace('_', ' ')}"
    for scope in ALL_SCOPES
    for verb, _, name in [scope.partition(":")]
}
