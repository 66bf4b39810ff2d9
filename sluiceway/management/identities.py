"""Link users to one another and take them apart: ``/api/v2/users/{id}/identities``.

A linked user is no user any more: it becomes a further identity of the first one, with its profile
as ``profileData``; its metadata is lost (Auth0 docs, "User Account Linking").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.errors import Conflict, InvalidRequest, NotFound
from sluiceway.management import user_profile as profile
from sluiceway.management import users
from sluiceway.management.fields import closed, nullable, text
from sluiceway.management.records import change
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonArray, JsonObject, JsonValue

__all__ = ["LINK", "link_user", "unlink_user"]

LINK: Final = closed(
    {
        "provider": text(),
        "connection_id": text(),
        "user_id": {"type": ["string", "integer"]},
        "link_with": nullable(text()),
    }
)
_CARRIED: Final = (
    "email",
    "email_verified",
    "name",
    "nickname",
    "picture",
    "username",
    "given_name",
    "family_name",
    "phone_number",
    "phone_verified",
)


async def link_user(environment: Environment, user_id: str, payload: JsonValue) -> JsonArray:
    """Make another user an identity of this one; return all identities, each with its profile.

    Raises:
        InvalidRequest: the body names no other user.
        NotFound: one of the two is not there.
    """
    LINK.check(payload)
    body: JsonObject = payload if isinstance(payload, dict) else {}
    other_id = _other_id(body)
    if other_id == user_id:
        raise InvalidRequest("Main account and linked account are the same.")
    documents = environment.documents
    first = await documents.get(users.KIND, user_id)
    other = await documents.get(users.KIND, other_id)
    if first is None or other is None:
        raise users.missing()
    linked = _linked_identities(other)
    # The other one goes first: its login names may not stand twice.
    if not await documents.delete(users.KIND, other_id):
        raise Conflict("Specified identity already linked")
    edited = await change(
        documents, users.KIND, user_id, lambda d: _with(d, [*_identities(d), *linked])
    )
    if edited is None:
        await documents.insert(other)
        raise users.missing()
    return _told(edited)


async def unlink_user(environment: Environment, user_id: str, provider: str, key: str) -> JsonArray:
    """Make a further identity a user of its own again; return the identities that stay.

    Raises:
        InvalidRequest: it is the first identity, which is the user itself.
        NotFound: there is no such user or identity.
    """
    document = await environment.documents.get(users.KIND, user_id)
    if document is None:
        raise users.missing()
    all_ = _identities(document)
    chosen = next((one for one in all_ if _is_of(one, provider, key)), None)
    if chosen is None or not isinstance(chosen, dict):
        raise NotFound("The identity does not exist.", error_code="inexistent_identity")
    if chosen is all_[0]:
        raise InvalidRequest("The main identity cannot be unlinked.")
    edited = await change(
        environment.documents,
        users.KIND,
        user_id,
        lambda d: _with(d, [one for one in _identities(d) if not _is_of(one, provider, key)]),
    )
    if edited is None:
        raise users.missing()
    await _revive(environment, chosen)
    return _told(edited)


def _other_id(body: JsonObject) -> str:
    if body.get("link_with"):
        raise InvalidRequest("Invalid id_token in link_with.", error_code="invalid_body")
    given, provider = body.get("user_id"), body.get("provider")
    if given is None or not isinstance(provider, str):
        raise InvalidRequest(
            "Payload validation error: 'Missing required property: "
            f"{'provider' if given is not None else 'user_id'}'.",
            error_code="invalid_body",
        )
    return f"{provider}|{str(given).removeprefix(f'{provider}|')}"


def _identities(document: Document) -> JsonArray:
    found = document.body.get("identities")
    return list(found) if isinstance(found, list) else []


def _told(document: Document) -> JsonArray:
    """Return the identities as linking and unlinking answer: the first has its profile, too."""
    first, *others = _identities(document)
    own: JsonValue = first
    if isinstance(first, dict):
        own = {"profileData": _profile_data(document), **first}
    return [own, *others]


def _profile_data(document: Document) -> JsonObject:
    """Return the profile; recorded: a name that was not given but made of the email is left out."""
    body = document.body
    data: JsonObject = {name: body[name] for name in _CARRIED if name in body}
    if data.get("name") == data.get("email"):
        data.pop("name", None)
    return data


def _linked_identities(document: Document) -> JsonArray:
    """Return the identities of a user that is about to be linked, the first with its profile."""
    data = _profile_data(document)
    first, *others = _identities(document)
    own: JsonObject = {**first, "profileData": data} if isinstance(first, dict) else {}
    return [own, *others]


def _with(document: Document, identities: JsonArray) -> Document:
    body: JsonObject = {**document.body, "identities": identities}
    return replace(document, body=body, keys=users.login_keys(body))


def _is_of(identity: JsonValue, provider: str, key: str) -> bool:
    if not isinstance(identity, dict):
        return False
    own = str(identity.get("user_id"))
    return identity.get("provider") == provider and own == key.removeprefix(f"{provider}|")


async def _revive(environment: Environment, identity: JsonObject) -> None:
    """Insert the user that *identity* was; it keeps its profile, and has no metadata."""
    data = identity.get("profileData")
    carried: JsonObject = data if isinstance(data, dict) else {}
    key, provider = str(identity["user_id"]), str(identity["provider"])
    user_id = f"{provider}|{key}"
    body = profile.new_profile(
        {**carried, "connection": identity["connection"]},
        user_id=user_id,
        key=key,
        provider=provider,
    )
    now = environment.now()
    document = Document(
        kind=users.KIND,
        id=user_id,
        body=body,
        created_at=now,
        updated_at=now,
        keys=users.login_keys(body),
    )
    try:
        await environment.documents.insert(document)
    except DuplicateKey as error:
        raise Conflict("The user already exists.", error_code="auth0_idp_error") from error
