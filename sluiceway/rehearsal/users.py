"""Users in the embedded tenant of a rehearsal, kept as they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.errors import UsageError
from sluiceway.management.connections import DEFAULT_CONNECTION
from sluiceway.management.user_profile import new_profile
from sluiceway.management.users import KIND, get_user, login_keys
from sluiceway.models.masking import MASK
from sluiceway.models.timestamps import parse_timestamp
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonScalar, JsonValue
    from sluiceway.rehearsal.recordings import Recording
    from sluiceway.rehearsal.stage import Stage

__all__ = ["add_user", "put_user", "recorded_users"]

_DATABASE: Final = "auth0"
_KEY_BITS: Final = 96
_LEFT_OUT: Final = frozenset({"user_id", "connection", "password", "created_at", "updated_at"})


async def add_user(stage: Stage, user: JsonObject) -> JsonObject:
    """Keep a user of any identity provider; return it as the wire shows it.

    Raises:
        UsageError: another user has its id, email or name.
    """
    given = user.get("user_id")
    key = f"{stage.environment.random_bits(_KEY_BITS):024x}"
    user_id = given if isinstance(given, str) and given else f"{_DATABASE}|{key}"
    provider, _, rest = user_id.rpartition("|")
    provider = provider or _DATABASE
    full_id = user_id if "|" in user_id else f"{provider}|{user_id}"
    is_database = provider == _DATABASE
    connection = user.get("connection") or (DEFAULT_CONNECTION if is_database else provider)
    profile = new_profile(
        {**user, "connection": connection}, user_id=full_id, key=rest, provider=provider
    )
    body = {**profile, **{key: value for key, value in user.items() if key not in _LEFT_OUT}}
    document = Document(
        kind=KIND,
        id=full_id,
        body=body,
        created_at=_moment(user.get("created_at"), stage),
        updated_at=_moment(user.get("updated_at"), stage),
        keys=login_keys(body),
    )
    try:
        await stage.environment.documents.insert(document)
    except DuplicateKey as error:
        raise UsageError(
            f"expected users of different ids and names, found {full_id!r} ({error.name}) twice"
        ) from error
    return await get_user(stage.environment, full_id)


def _moment(value: JsonValue, stage: Stage) -> datetime:
    try:
        return parse_timestamp(value) if isinstance(value, str) else stage.clock.now
    except ValueError:
        return stage.clock.now


async def put_user(stage: Stage, user: JsonObject) -> None:
    """Keep a user in place of the one with its id; values that are masked are left out."""
    user_id = user.get("user_id")
    if not isinstance(user_id, str) or _is_masked(user_id):
        return
    await stage.environment.documents.delete(KIND, user_id)
    shown = {key: value for key, value in user.items() if not _is_masked(value)}
    try:
        await add_user(stage, shown)
    except UsageError:
        # Another user of the record has its email: records tell of different moments.
        return


async def recorded_users(stage: Stage, recording: Recording) -> None:
    """Keep the users that a record speaks of: of its context, and of what the tenant answered."""
    for user in _users_of(recording):
        await put_user(stage, user)


def _users_of(recording: Recording) -> Iterator[JsonObject]:
    """Yield users as they were before the flow: those it made are not among them."""
    user = recording.input.context.get("user")
    if isinstance(user, dict):
        yield user
    made: set[JsonScalar] = set()
    for step in recording.steps:
        body = step.output.get("body") if isinstance(step.output, dict) else None
        user_id = body.get("user_id") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(user_id, str):
            continue
        if step.action == "CREATE_USER":
            made.add(user_id)
        elif step.action == "GET_USER" and user_id not in made:
            yield body


def _is_masked(value: JsonValue) -> bool:
    if isinstance(value, str):
        return MASK in value
    if isinstance(value, dict):
        return any(map(_is_masked, value.values()))
    return isinstance(value, list) and any(map(_is_masked, value))
