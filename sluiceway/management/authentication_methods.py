"""What a user is enrolled with: ``/api/v2/users/{id}/authentication-methods``.

Nobody signs in to the embedded tenant, so these are kept and shown, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from sluiceway.errors import NotFound
from sluiceway.management.fields import choice, open_object, text
from sluiceway.management.records import change
from sluiceway.management.validation import Schema
from sluiceway.models.ids import new_short_id
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.base import Document, Key

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "CREATE",
    "KIND",
    "SET",
    "UPDATE",
    "add_method",
    "change_method",
    "get_method",
    "list_methods",
    "remove_method",
    "remove_methods",
    "set_methods",
]

KIND: Final = "authentication_method"
_MOST: Final = 1000
_LEFT: Final = 4
"""How many characters of an address stay readable."""
_PROPERTIES: Final[JsonObject] = {
    "type": choice("phone", "email", "totp", "webauthn-roaming", "passkey"),
    "name": text(),
    "totp_secret": text(),
    "phone_number": text(pattern=r"^\+[0-9]{1,15}$"),
    "email": {"type": "string", "format": "email"},
    "preferred_authentication_method": choice("voice", "sms"),
}
CREATE: Final = open_object(_PROPERTIES, "type")
UPDATE: Final = open_object(
    {name: _PROPERTIES[name] for name in ("name", "preferred_authentication_method")}
)
SET: Final = Schema({"type": "array", "items": CREATE.document})
_HIDDEN: Final = frozenset({"user", "totp_secret"})
_MISSING: Final = "The authentication method does not exist."


async def add_method(environment: Environment, user_id: str, body: JsonObject) -> JsonObject:
    """Enrol a user; return the method as the wire shows it. A TOTP secret is not kept."""
    return _masked(_shown(await _insert(environment, user_id, body)))


async def _insert(environment: Environment, user_id: str, body: JsonObject) -> Document:
    now = environment.now()
    type_ = str(body["type"])
    device = new_short_id("dev_", random_bits=environment.random_bits)
    id_ = f"{type_.replace('-', '_')}|{device}"
    kept: JsonObject = {
        "id": id_,
        **{key: value for key, value in body.items() if key not in _HIDDEN},
        "user": user_id,
    }
    if type_ == "phone":
        how = "voice" if body.get("preferred_authentication_method") == "voice" else "sms"
        kept["authentication_methods"] = [{"id": f"{how}|{device}", "type": how}]
    document = Document(
        kind=KIND,
        id=id_,
        body=kept,
        created_at=now,
        updated_at=now,
        keys=(Key(name="user", value=user_id),),
    )
    await environment.documents.insert(document)
    return document


async def set_methods(
    environment: Environment, user_id: str, methods: JsonValue
) -> list[JsonObject]:
    """Put *methods* in place of all of a user's; the answer alone shows whole addresses."""
    wanted: Any = methods  # SET has checked it
    await remove_methods(environment, user_id)
    return [_shown(await _insert(environment, user_id, body)) for body in wanted]


async def list_methods(environment: Environment, user_id: str) -> list[JsonObject]:
    """Return a user's methods, oldest first."""
    return [_confirmed(document) for document in await _of(environment, user_id)]


async def get_method(environment: Environment, user_id: str, id_: str) -> JsonObject:
    """Return one. Raises ``NotFound``."""
    document = await environment.documents.get(KIND, id_)
    if document is None or document.body["user"] != user_id:
        raise NotFound(_MISSING, error_code="inexistent_authentication_method")
    return _confirmed(document)


async def change_method(
    environment: Environment, user_id: str, id_: str, changes: JsonObject
) -> JsonObject:
    """Change one's name or preference. Raises ``NotFound``."""
    await get_method(environment, user_id, id_)
    names = ("name", "preferred_authentication_method")
    allowed = {name: changes[name] for name in names if name in changes}
    edited = await change(environment.documents, KIND, id_, lambda d: _with(d, allowed))
    if edited is None:
        raise NotFound(_MISSING, error_code="inexistent_authentication_method")
    return _masked(_shown(edited))


async def remove_method(environment: Environment, user_id: str, id_: str) -> None:
    """Remove one. Raises ``NotFound``."""
    await get_method(environment, user_id, id_)
    await environment.documents.delete(KIND, id_)


async def remove_methods(environment: Environment, user_id: str) -> None:
    """Remove all of a user's."""
    for document in await _of(environment, user_id):
        await environment.documents.delete(KIND, document.id)


async def _of(environment: Environment, user_id: str) -> list[Document]:
    return await environment.documents.find(KIND, "user", user_id, limit=_MOST)


def _with(document: Document, changes: JsonObject) -> Document:
    return replace(document, body={**document.body, **changes})


def _shown(document: Document) -> JsonObject:
    shown = {key: value for key, value in document.body.items() if key not in _HIDDEN}
    return {**shown, "created_at": format_timestamp(document.created_at)}


def _confirmed(document: Document) -> JsonObject:
    """Return the method as reading shows it (recorded: go-auth0, ``AuthenticationMethods``)."""
    return {**_masked(_shown(document)), "confirmed": True}


def _masked(shown: JsonObject) -> JsonObject:
    """Return *shown* with most of its address hidden: ``chuc****@exam*******``, ``XXXX5044``."""
    email, number = shown.get("email"), shown.get("phone_number")
    masked = dict(shown)
    if isinstance(email, str):
        masked["email"] = "@".join(_starred(part) for part in email.rsplit("@", 1))
    if isinstance(number, str):
        masked["phone_number"] = number[-_LEFT:].rjust(len(number), "X")
    return masked


def _starred(part: str) -> str:
    return part[:_LEFT].ljust(len(part), "*") if len(part) > _LEFT else "*" * _LEFT
