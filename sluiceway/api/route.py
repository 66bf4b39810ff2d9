"""What a route is: a path, a scope, schemas, and the function that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from sluiceway.api.services import Services
    from sluiceway.management.tokens import Claims
    from sluiceway.management.validation import Schema
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["AsgiApp", "Call", "Handler", "Param", "Reply", "Route", "Stream"]

AsgiApp: TypeAlias = "Callable[[Any, Any, Any], Awaitable[None]]"
"""ASGI's own signature: scope, receive, send."""

ParamType: TypeAlias = Literal["string", "integer", "number", "boolean"]


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of the query or the path.

    *many* ones may be repeated or given as ``name[]``; *longest* and *shortest* count characters.
    """

    name: str
    type: ParamType = "string"
    default: str | int | bool | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    longest: int | None = None
    shortest: int | None = None
    many: bool = False
    is_required: bool = False
    description: str = ""

    def as_schema(self) -> JsonObject:
        """Return the JSON Schema of one value."""
        schema: JsonObject = {
            "type": self.type,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "enum": list(self.choices) or None,
            "pattern": self.pattern or None,
            "minLength": self.shortest,
            "maxLength": self.longest,
        }
        return {key: value for key, value in schema.items() if value is not None}


class Call(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One request that has passed the door: signed in, allowed, and fitting its schemas."""

    withheld = frozenset({"stream"})

    services: Services
    path: Mapping[str, str]
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    body: JsonValue = None
    claims: Claims | None = None
    client_address: str = ""
    stream: AsyncIterator[bytes] | None = None
    """The body as it comes, where its media type is one of the route's *streams*."""

    @property
    def actor(self) -> str:
        """Who calls, for the audit log."""
        return f"client:{self.claims.client_id}" if self.claims else "anonymous"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is not the route's usual one. *text* is sent as it is, *body* as JSON."""

    status: int = 200
    body: JsonValue = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict["str", "str"])
    text: bytes | None = None
    content_type: str = "application/json; charset=utf-8"


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that an ASGI application gives: files, server-sent events."""

    app: AsgiApp


Handler: TypeAlias = "Callable[[Call], Awaitable[JsonValue | Reply | Stream]]"

JSON_AND_FORM: Final = ("application/json", "application/x-www-form-urlencoded")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation.

    Attributes:
        path: with ``{name}`` for whole segments, like ``/api/v2/users/{id}``.
        limits: of path parameters; those not named take any text.
        scopes: any one of them opens it; with none, and *is_open* false, any good token does.
        body: the schema of the body; ``None`` where there is none. *form* bodies are taken too.
        is_checked: whether the door checks the body; a handler that does so itself says no.
        is_pure: whether it changes nothing, whatever its method: the audit log leaves it out.
        response: the schema of the usual answer, for the OpenAPI document.
        status: of the usual answer; 204 has no body.
        may_be_empty: whether 204 without a body is an answer, too.
        media: the media type of the usual answer, for the OpenAPI document; none has no body.
    """

    method: str
    path: str
    handle: Handler
    summary: str
    scopes: tuple[str, ...] = ()
    is_open: bool = False
    query: tuple[Param, ...] = ()
    limits: tuple[Param, ...] = ()
    body: Schema | None = None
    is_checked: bool = True
    is_pure: bool = False
    response: JsonObject | None = None
    status: int = 200
    media: str = "application/json"
    streams: tuple[str, ...] = ()
    may_be_empty: bool = False
    tag: str = ""
