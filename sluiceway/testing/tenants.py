"""The embedded tenant before and after a case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sluiceway.actions.otp._codes import LIFE, SALT_BYTES, canonical, hash_code
from sluiceway.errors import NotFound, UsageError
from sluiceway.management.scopes import ALL_SCOPES
from sluiceway.management.users import KIND, find_users_by_email, get_user
from sluiceway.models.one_time_code import OneTimeCode
from sluiceway.outbound.base import OutboundRequest
from sluiceway.rehearsal.matching import compare
from sluiceway.rehearsal.users import add_user

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.stage import Stage
    from sluiceway.testing.cases import ExpectedTenant, Tenant

__all__ = ["add_code", "add_user", "call_tenant", "check_tenant", "fill_tenant", "find_user"]

_FAILED: Final = 400


async def fill_tenant(stage: Stage, tenant: Tenant) -> None:
    """Make what a case says that there is.

    Raises:
        UsageError: a user cannot be made, or a request is refused.
    """
    for user in tenant.users:
        await add_user(stage, user)
    for reference, code in tenant.codes.items():
        await add_code(stage, reference, code)
    for request in tenant.requests:
        method, pathname = str(request.get("method", "POST")), str(request.get("pathname"))
        status, answer = await call_tenant(stage, method, pathname, request.get("body"))
        if status >= _FAILED:
            raise UsageError(
                f"tenant.requests: {method} {pathname} answered {status}: {json.dumps(answer)}"
            )


async def add_code(stage: Stage, reference: str, code: str) -> None:
    """Keep a one-time code as if it had been sent just now."""
    salt = stage.environment.random_bits(8 * SALT_BYTES).to_bytes(SALT_BYTES)
    digest = await hash_code(canonical(str(code)), salt=salt, reference=reference)
    kept = OneTimeCode(salt=salt, digest=digest, expires_at=stage.clock.now + LIFE)
    await stage.application.store.codes.put(reference, kept)


async def call_tenant(
    stage: Stage, method: str, pathname: str, body: JsonValue = None
) -> tuple[int, Any]:
    """Call the embedded tenant's Management API; return the status and the answer's JSON."""
    environment = stage.environment
    client_id = stage.application.client.client_id
    token = await stage.tenant.tokens.issue(client_id, [*ALL_SCOPES], environment.audience)
    data = b"" if body is None else json.dumps(body).encode()
    answer = await stage.transport.send(
        OutboundRequest(
            method=method,
            url=f"https://{environment.domain}{pathname}",
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            body=data,
        )
    )
    return answer.status, json.loads(answer.body) if answer.body else None


async def find_user(stage: Stage, id_or_email: str) -> JsonObject | None:
    """Return the user with that id, else the first with that email."""
    try:
        return await get_user(stage.environment, id_or_email)
    except NotFound:
        found = await find_users_by_email(stage.environment, id_or_email.lower())
        return found[0] if found else None


async def check_tenant(stage: Stage, expected: ExpectedTenant) -> list[str]:
    """Return how the tenant differs from what was expected."""
    problems: list[str] = []
    for wanted in expected.users:
        name = str(wanted.get("user_id") or wanted.get("email"))
        found = await find_user(stage, name)
        if found is None:
            problems.append(f"tenant: expected the user {name!r}, found none")
            continue
        problems += [f"tenant/{name}{difference}" for difference in compare(wanted, found)]
    for name in expected.no_users:
        if await find_user(stage, name) is not None:
            problems.append(f"tenant: expected no user {name!r}, found one")
    if expected.user_count is not None:
        count = await stage.environment.documents.count(KIND)
        if count != expected.user_count:
            problems.append(f"tenant: expected {expected.user_count} users, found {count}")
    return problems
