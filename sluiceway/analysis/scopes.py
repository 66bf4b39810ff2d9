"""The Management API scopes that a step needs.

Source: the security sections of Auth0's OpenAPI; where an operation takes any of several scopes,
the plainest one is named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sluiceway.analysis.view import FlowView, Step

__all__ = ["needed_scopes", "scopes_by_connection", "scopes_of_request"]

_VERBS: Final = {
    "GET": "read",
    "POST": "create",
    "PUT": "update",
    "PATCH": "update",
    "DELETE": "delete",
}
_PREFIX: Final = "/api/v2/"
_VARIABLE: Final = "{}"
_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}")
_NOUNS: Final = {
    "users": "users",
    "users-by-email": "users",
    "clients": "clients",
    "client-grants": "client_grants",
    "connections": "connections",
    "organizations": "organizations",
    "organizations/{}/members": "organization_members",
    "organizations/{}/members/{}/roles": "organization_member_roles",
    "organizations/{}/enabled_connections": "organization_connections",
    "organizations/{}/invitations": "organization_invitations",
    "roles": "roles",
    "roles/{}/users": "role_members",
    "resource-servers": "resource_servers",
    "flows": "flows",
    "flows/{}/executions": "flows_executions",
    "flows/vault/connections": "flows_vault_connections",
    "forms": "forms",
    "emails/provider": "email_provider",
    "email-templates": "email_templates",
    "branding/phone/providers": "phone_providers",
    "branding/phone/templates": "phone_templates",
    "device-credentials": "device_credentials",
    "grants": "grants",
    "logs": "logs",
    "tenants/settings": "tenant_settings",
    "blacklists/tokens": "blacklisted_tokens",
    "guardian/enrollments": "guardian_enrollments",
    "sessions": "sessions",
    "refresh-tokens": "refresh_tokens",
}
_SPECIAL: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("GET", "users/{}/roles"): ("read:users", "read:roles"),
    ("POST", "users/{}/roles"): ("update:users", "read:roles"),
    ("DELETE", "users/{}/roles"): ("update:users", "read:roles"),
    ("GET", "users/{}/permissions"): ("read:users",),
    ("POST", "users/{}/permissions"): ("update:users",),
    ("DELETE", "users/{}/permissions"): ("update:users",),
    ("GET", "users/{}/organizations"): ("read:users", "read:organizations"),
    ("GET", "users/{}/logs"): ("read:logs_users",),
    ("POST", "users/{}/identities"): ("update:users",),
    ("DELETE", "users/{}/identities"): ("update:users",),
    ("DELETE", "users/{}/multifactor"): ("update:users",),
    ("DELETE", "users/{}/authenticators"): ("delete:authentication_methods",),
    ("GET", "users/{}/authentication-methods"): ("read:authentication_methods",),
    ("POST", "users/{}/authentication-methods"): ("create:authentication_methods",),
    ("PATCH", "users/{}/authentication-methods"): ("update:authentication_methods",),
    ("PUT", "users/{}/authentication-methods"): ("update:authentication_methods",),
    ("DELETE", "users/{}/authentication-methods"): ("delete:authentication_methods",),
    ("DELETE", "users/{}/sessions"): ("delete:sessions",),
    ("GET", "users/{}/sessions"): ("read:sessions",),
    ("GET", "users/{}/enrollments"): ("read:users",),
    ("GET", "roles/{}/permissions"): ("read:roles",),
    ("POST", "roles/{}/permissions"): ("update:roles",),
    ("DELETE", "roles/{}/permissions"): ("update:roles",),
    ("POST", "roles/{}/users"): ("update:roles",),
    ("POST", "jobs/verification-email"): ("update:users",),
    ("POST", "jobs/users-imports"): ("create:users",),
    ("POST", "jobs/users-exports"): ("read:users",),
    ("POST", "tickets/email-verification"): ("create:user_tickets",),
    ("POST", "tickets/password-change"): ("create:user_tickets",),
    ("GET", "stats/daily"): ("read:stats",),
    ("GET", "stats/active-users"): ("read:stats",),
}


def needed_scopes(step: Step) -> tuple[str, ...]:
    """Return the scopes that *step* needs; none where that cannot be said."""
    if step.spec is None:
        return ()
    scopes = step.spec.scopes
    found = scopes(step.params) if callable(scopes) else scopes
    if found or (step.type, step.action) != ("AUTH0", "SEND_REQUEST"):
        return found
    pathname, method = step.params.get("pathname"), step.params.get("method", "GET")
    if not isinstance(pathname, str) or not isinstance(method, str):
        return ()
    return scopes_of_request(method, pathname)


def scopes_of_request(method: str, pathname: str) -> tuple[str, ...]:
    """Return the scopes of one request of the Management API, none where it is not known."""
    path = _EXPRESSION.sub(_VARIABLE, pathname).partition("?")[0]
    if not path.startswith(_PREFIX):
        return ()
    segments = path.removeprefix(_PREFIX).strip("/").split("/")
    shapes = _shapes(segments)
    for shape in shapes:
        special = _SPECIAL.get((method, shape))
        if special is not None:
            return special
    verb = _VERBS.get(method)
    for shape in shapes:
        if shape in _NOUNS and verb is not None:
            return (f"{verb}:{_NOUNS[shape]}",)
    return ()


def _shapes(segments: list[str]) -> list[str]:
    """Return the path as tables have it, longest first: ids stand as ``{}``."""
    result: list[str] = []
    for length in range(len(segments), 0, -1):
        part = segments[:length]
        result.append("/".join(part))
        result.append(
            "/".join(_VARIABLE if index % 2 else segment for index, segment in enumerate(part))
        )
    return list(dict.fromkeys(result))


def scopes_by_connection(view: FlowView) -> dict[str, list[str]]:
    """Return what the client of each connection must be granted for the flow, sorted."""
    found: dict[str, set[str]] = {}
    for step in view.steps:
        name = step.params.get("connection_id")
        if isinstance(name, str) and step.type == "AUTH0":
            found.setdefault(name, set()).update(needed_scopes(step))
    return {name: sorted(scopes) for name, scopes in found.items()}
