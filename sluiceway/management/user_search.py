"""List and search users: ``GET /api/v2/users``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.errors import InvalidRequest, StorageError
from sluiceway.management import user_profile as profile
from sluiceway.management.lucene import exact_term, parse_query
from sluiceway.management.records import scan
from sluiceway.management.users import KIND

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["UserPage", "search_users"]

REACHABLE: Final = 1000
"""Auth0 lets clients page through no more than this many records."""

_PATIENCE_S: Final = 2.0
_BEYOND: Final = (
    "You can only page through the first 1000 records. See "
    "https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation."
)
_TOO_SLOW: Final = (
    "The query exceeded the timeout. Please try refining your search criteria. See "
    "https://auth0.com/docs/best-practices/search-best-practices."
)


class UserPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of users as the wire shows them, and how many there are in all."""

    users: list[JsonObject]
    total: int


async def search_users(
    environment: Environment,
    *,
    q: str = "",
    sort: str = "",
    page: int = 0,
    per_page: int = 50,
    search_engine: str = "",
    connection: str = "",
) -> UserPage:
    """Return the page of users that *q* selects, oldest first or by *sort* (``field:1|-1``).

    Raises:
        InvalidRequest: *q* cannot be read, or the page is beyond the first 1000 records.
        StorageError: the search took longer than two seconds.
    """
    if (page + 1) * per_page > REACHABLE:
        raise InvalidRequest(_BEYOND, error_code="invalid_paging")
    _check_engine(q, search_engine, connection)
    first = page * per_page
    if not q and not sort and not connection:
        found = await environment.documents.list(KIND, offset=first, limit=max(per_page, 1))
        total = await environment.documents.count(KIND)
        return UserPage(users=[profile.shown(d) for d in found[:per_page]], total=total)
    users = await _select(environment, q, connection)
    if sort:
        _order(users, sort)
    return UserPage(users=users[first : first + per_page], total=len(users))


def _check_engine(q: str, search_engine: str, connection: str) -> None:
    if search_engine == "v1" and q:
        raise InvalidRequest(
            "The 'q' parameter is available only if you specify 'search_engine=v2|v3'.",
            error_code="invalid_query_string",
        )
    if search_engine in {"v1", "v2"} and not connection:
        raise InvalidRequest(
            f"You are not allowed to use search_engine={search_engine}.",
            error_code="operation_not_supported",
        )


async def _select(environment: Environment, q: str, connection: str) -> list[JsonObject]:
    test = parse_query(q) if q.strip() else None
    exact = exact_term(q)
    users: list[JsonObject] = []
    if exact is not None and not connection:
        field, value = exact
        if field == "user_id":
            one = await environment.documents.get(KIND, value)
            return [profile.shown(one)] if one else []
        value = value.lower() if field == "email" else value
        found = await environment.documents.find(KIND, field, value, limit=REACHABLE)
        return [profile.shown(document) for document in found]
    began = time.monotonic()
    async for document in scan(environment.documents, KIND):
        user = profile.shown(document)
        if connection and profile.primary_connection(document.body) != connection:
            continue
        if test is None or test(user):
            users.append(user)
        if time.monotonic() - began > _PATIENCE_S:
            raise StorageError(_TOO_SLOW)
    return users


def _order(users: list[JsonObject], sort: str) -> None:
    field, _, direction = sort.rpartition(":")
    steps = field.split(".")

    def key(user: JsonObject) -> tuple[bool, int, Any]:
        value: JsonValue = user
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, int | float):
            return (False, 0, value)
        return (value is None, 1, str(value))

    users.sort(key=key, reverse=direction == "-1")
    if direction == "-1":  # users without the field come last either way
        users.sort(key=lambda user: key(user)[0])
