"""The embedded tenant's users: what Auth0's Management API does to them, apart from HTTP.

Shapes and rules follow the recordings of terraform-provider-auth0 (``TestAccUser``) and the texts
of Auth0's OpenAPI; where both are silent, docs/differences.md says what was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.errors import Conflict, InvalidRequest, NotFound
from sluiceway.management import user_profile as profile
from sluiceway.management.connections import DATABASE_STRATEGIES, load_connection
from sluiceway.management.passwords import check_strength, hash_secret
from sluiceway.management.records import change
from sluiceway.management.user_schemas import CREATE_USER, UPDATE_USER
from sluiceway.models.ids import new_user_key
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "KIND",
    "create_user",
    "delete_user",
    "find_users_by_email",
    "get_user",
    "login_keys",
    "missing",
    "new_recovery_code",
    "update_user",
]

KIND: Final = "user"
_IDP_ERROR: Final = "auth0_idp_error"
_MOST_ORGANIZATIONS: Final = 1000
_RECOVERY_DIGITS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_DEPENDANTS: Final = (
    "role_user",
    "organization_member",
    "user_permission",
    "authentication_method",
)
_LOGIN_FIELDS: Final = ("email", "username", "phone_number")


async def create_user(environment: Environment, payload: JsonValue) -> JsonObject:
    """Create a user from the body of ``POST /api/v2/users``; return it as the wire shows it.

    Raises:
        InvalidRequest: the body breaks the schema or a rule of its connection.
        Conflict: the email, username, phone number or id is taken in that connection.
    """
    CREATE_USER.check(payload)
    body = dict(_object(payload))
    profile.check_metadata(body)
    connection = await load_connection(environment, str(body["connection"]))
    password = body.get("password")
    _check_login(body, connection)
    secret = None
    if isinstance(password, str):
        check_strength(password, policy=_policy(connection))
        secret = await hash_secret(password, random_bits=environment.random_bits)
    given = body.get("user_id")
    key = (
        given
        if isinstance(given, str) and given
        else new_user_key(random_bits=environment.random_bits)
    )
    provider = str(connection["strategy"])
    user_id = f"{provider}|{key}"
    now = environment.now()
    document = Document(
        kind=KIND,
        id=user_id,
        body=profile.new_profile(body, user_id=user_id, key=key, provider=provider),
        created_at=now,
        updated_at=now,
        secret=None
        if secret is None
        else environment.sealer.seal(secret, identity=f"{KIND}/{user_id}"),
    )
    try:
        await environment.documents.insert(replace(document, keys=login_keys(document.body)))
    except DuplicateKey as error:
        raise Conflict("The user already exists.", error_code=_IDP_ERROR) from error
    return profile.shown(document)


async def get_user(environment: Environment, user_id: str) -> JsonObject:
    """Return one user.

    Raises:
        NotFound: there is none with that id.
    """
    document = await environment.documents.get(KIND, user_id)
    if document is None:
        raise missing()
    return profile.shown(document)


async def find_users_by_email(environment: Environment, email: str) -> list[JsonObject]:
    """Return the users with exactly that email; emails are kept in lower case."""
    found = await environment.documents.find(KIND, "email", email)
    return [profile.shown(document) for document in found]


async def update_user(environment: Environment, user_id: str, payload: JsonValue) -> JsonObject:
    """Change a user by the body of ``PATCH /api/v2/users/{id}``; return it whole.

    Metadata is merged on the first level: null deletes a key, ``{}`` clears it all.

    Raises:
        InvalidRequest: the body breaks the schema, or what may be changed together.
        NotFound: there is no such user.
    """
    UPDATE_USER.check(payload)
    changes = dict(_object(payload))
    profile.check_metadata(changes)
    profile.check_combination(changes)
    document = await environment.documents.get(KIND, user_id)
    if document is None:
        raise missing()
    secret = await _check_change(environment, document, changes)
    now = environment.now()

    def edit(current: Document) -> Document:
        body = profile.changed(current.body, changes)
        if secret is not None:
            body["last_password_reset"] = format_timestamp(now)
        return replace(
            current,
            body=body,
            updated_at=max(now, current.updated_at),
            keys=login_keys(body),
            secret=current.secret if secret is None else secret,
        )

    try:
        edited = await change(environment.documents, KIND, user_id, edit)
    except DuplicateKey as error:
        taken = next((name for name in _LOGIN_FIELDS if name in changes), "email")
        raise InvalidRequest(
            f"The specified new {taken} already exists", error_code=_IDP_ERROR
        ) from error
    if edited is None:
        raise missing()
    return profile.shown(edited)


async def delete_user(environment: Environment, user_id: str) -> None:
    """Delete a user and its memberships; deleting one that is not there is no error."""
    await environment.documents.delete(KIND, user_id)
    for link in await environment.documents.find(
        "organization_member", "user", user_id, limit=_MOST_ORGANIZATIONS
    ):
        member = f"{link.body['organization']}\n{user_id}"
        await _delete_all(environment, "organization_member_role", "member", member)
    for kind in _DEPENDANTS:
        await _delete_all(environment, kind, "user", user_id)


async def _delete_all(environment: Environment, kind: str, name: str, value: str) -> None:
    while found := await environment.documents.find(kind, name, value, limit=500):
        for document in found:
            await environment.documents.delete(kind, document.id)


async def new_recovery_code(environment: Environment, user_id: str) -> JsonObject:
    """Return ``{recovery_code}``: 24 capitals and digits, as Auth0 gives. Raises ``NotFound``.

    Nothing keeps it, as no one signs in with a second factor here.
    """
    await get_user(environment, user_id)
    number = environment.random_bits(24 * 5)
    digits = [_RECOVERY_DIGITS[number >> (5 * place) & 31] for place in range(24)]
    return {"recovery_code": "".join(digits)}


async def _check_change(
    environment: Environment, document: Document, changes: JsonObject
) -> bytes | None:
    """Check *changes* against the user's connection; return the new sealed password, if any."""
    login = [name for name in (*_LOGIN_FIELDS, "password", "email_verified") if name in changes]
    if not login and "connection" not in changes:
        return None
    name = str(changes.get("connection") or profile.primary_connection(document.body))
    connection = await load_connection(environment, name)
    is_database = connection["strategy"] in DATABASE_STRATEGIES
    if "email" in changes and not is_database and connection["strategy"] != "email":
        raise InvalidRequest("Cannot update email for non-database user.")
    if "username" in changes and not _accepts_username(connection):
        raise InvalidRequest("Cannot set username for connection without requires_username.")
    password = changes.get("password")
    if not isinstance(password, str):
        return None
    if not is_database:
        raise InvalidRequest("Connection is not supported for this operation.")
    check_strength(password, policy=_policy(connection))
    hashed = await hash_secret(password, random_bits=environment.random_bits)
    return environment.sealer.seal(hashed, identity=f"{KIND}/{document.id}")


def _check_login(body: JsonObject, connection: JsonObject) -> None:
    strategy = connection["strategy"]
    if strategy not in {*DATABASE_STRATEGIES, "email", "sms"}:
        raise InvalidRequest(
            "Connection does not support user creation through the API. "
            "It must either be a database or passwordless connection."
        )
    if "username" in body and not _accepts_username(connection):
        raise InvalidRequest("Cannot set username for connection without requires_username.")
    needed = {"email": ("email",), "sms": ("phone_number",)}.get(str(strategy), _LOGIN_FIELDS)
    if not any(body.get(name) for name in needed):
        raise InvalidRequest(
            f"Payload validation error: 'Missing required property: {needed[0]}'.",
            error_code="invalid_body",
        )


def _accepts_username(connection: JsonObject) -> bool:
    options = connection.get("options")
    if not isinstance(options, dict):
        return False
    attributes = options.get("attributes")
    has_attribute = isinstance(attributes, dict) and "username" in attributes
    return bool(options.get("requires_username")) or has_attribute


def _policy(connection: JsonObject) -> str:
    options = connection.get("options")
    policy = options.get("passwordPolicy") if isinstance(options, dict) else None
    return policy if isinstance(policy, str) else "none"


def login_keys(body: JsonObject) -> tuple[Key, ...]:
    """Return what a user is found by; a login name is unique within its connection.

    The login names of linked identities stay taken, too.
    """
    keys = [Key(name=name, value=str(body[name])) for name in _LOGIN_FIELDS if body.get(name)]
    keys += _taken(profile.primary_connection(body), body)
    identities = body.get("identities")
    for identity in identities if isinstance(identities, list) else []:
        data = identity.get("profileData") if isinstance(identity, dict) else None
        if isinstance(identity, dict) and isinstance(data, dict):
            keys += _taken(str(identity.get("connection")), data)
    return tuple(keys)


def _taken(connection: str, names: JsonObject) -> list[Key]:
    return [
        Key(name=f"login_{name}", value=f"{connection}\n{value.lower()}", unique=True)
        for name in _LOGIN_FIELDS
        if isinstance(value := names.get(name), str)
    ]


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):  # the schema has refused everything else
        raise InvalidRequest("Payload validation error: 'Expected type object'.")
    return value


def missing() -> NotFound:
    """Return the refusal of a user that is not there, as recorded."""
    return NotFound("The user does not exist.", error_code="inexistent_user")
