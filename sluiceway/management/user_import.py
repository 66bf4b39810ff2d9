"""Take users over from files: Auth0's bulk import schema, and what its export extension writes."""

from __future__ import annotations

import codecs
import gzip
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import Conflict, DefinitionError, InvalidRequest, NotFound
from sluiceway.management.users import KIND, create_user, find_users_by_email, update_user
from sluiceway.models.json_text import parse_json, type_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject

__all__ = ["ImportReport", "import_users", "read_users"]

_CREATE: Final = (
    "email",
    "username",
    "phone_number",
    "name",
    "nickname",
    "given_name",
    "family_name",
    "picture",
    "blocked",
    "email_verified",
    "phone_verified",
    "user_metadata",
    "app_metadata",
)
_PREFIX: Final = "auth0|"
_GZIP: Final = b"\x1f\x8b"


class ImportReport(msgspec.Struct):
    """How many users came, changed, and which were refused and why."""

    created: int = 0
    changed: int = 0
    refused: list[str] = msgspec.field(default_factory=list["str"])


def read_users(data: bytes, *, name: str) -> list[JsonObject]:
    """Read a list of users, or one a line; a users export comes zipped.

    Raises:
        DefinitionError: it is neither; ``at`` is the place.
    """
    if data.startswith(_GZIP):
        data = _unzip(data, name)
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.lstrip().startswith(b"["):
        value = parse_json(data, name=name)
        items = value if isinstance(value, list) else []
    else:
        lines = [line for line in data.splitlines() if line.strip()]
        items = [parse_json(line, name=f"{name}:{n}") for n, line in enumerate(lines, start=1)]
    users: list[JsonObject] = []
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise DefinitionError(
                f"expected a user (an object), found {type_name(item)}", at=f"{name}:/{number}"
            )
        users.append(item)
    return users


def _unzip(data: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DefinitionError(f"expected a zipped file, found: {error}", at=name) from error


async def import_users(
    environment: Environment, users: Sequence[JsonObject], *, connection: str, upsert: bool
) -> ImportReport:
    """Create *users* in *connection*; with *upsert*, change those that exist by id or email.

    Passwords do not come along: exports have none, and hashes of others are not taken.
    """
    report = ImportReport()
    for number, user in enumerate(users):
        # Exports show what a user has not as null or as an empty text.
        body: JsonObject = {key: user[key] for key in _CREATE if user.get(key) not in (None, "")}
        given = user.get("user_id") or user.get("_id") or user.get("Id")
        key = str(given).removeprefix(_PREFIX) if isinstance(given, str) else ""
        label = str(user.get("email") or key or f"user {number + 1}")
        creation: JsonObject = {**body, "connection": connection}
        if key and "|" not in key:
            creation["user_id"] = key
        try:
            await create_user(environment, creation)
            report.created += 1
        except Conflict as error:
            known = await _find(environment, key, body, connection) if upsert else ""
            if known:
                await _change(environment, known, body, label, report)
            else:
                report.refused.append(f"{label}: {error.message}")
        except InvalidRequest as error:
            report.refused.append(f"{label}: {error.message}")
    return report


async def _find(environment: Environment, key: str, body: JsonObject, connection: str) -> str:
    """Return the id of the user of that key, else of that email in *connection*; else ``""``."""
    user_id = f"{_PREFIX}{key}"
    if key and await environment.documents.get(KIND, user_id) is not None:
        return user_id
    for user in await find_users_by_email(environment, str(body.get("email", "")).lower()):
        identities = user["identities"]
        first = identities[0] if isinstance(identities, list) else None
        if isinstance(first, dict) and first.get("connection") == connection:
            return str(user["user_id"])
    return ""


async def _change(
    environment: Environment, user_id: str, body: JsonObject, label: str, report: ImportReport
) -> None:
    login = ("email", "username", "email_verified", "phone_number", "phone_verified")
    changes: JsonObject = {key: value for key, value in body.items() if key not in login}
    try:
        await update_user(environment, user_id, changes)
        report.changed += 1
    except (NotFound, InvalidRequest) as error:
        report.refused.append(f"{label}: {error.message}")
