"""``JWT/SIGN_JWT``: make a JSON Web Token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import Connection, OpenObject
from sluiceway.actions.jwt._tokens import SOURCE, read_key, sign
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.models.json import JsonObject

__all__ = ["ACTION", "SignJwt", "run", "seconds_of"]

_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+) *([a-z]*)", re.IGNORECASE | re.ASCII)
_UNITS: Final = {
    "milliseconds millisecond msecs msec ms": 0.001,
    "seconds second secs sec s": 1.0,
    "minutes minute mins min m": 60.0,
    "hours hour hrs hr h": 3_600.0,
    "days day d": 86_400.0,
    "weeks week w": 604_800.0,
    "years year yrs yr y": 31_557_600.0,
}
_SECONDS: Final = {
    "": 1.0,
    **{word: size for words, size in _UNITS.items() for word in words.split()},
}
_LONGEST_S: Final = 100 * _SECONDS["y"]


class SignJwt(Params):
    """The params: the claims; the named ones win over those of the payload."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app JWT: its algorithm and its key.")
    ]
    payload: (
        Annotated[
            OpenObject,
            Meta(
                title="Payload",
                description="The claims, as OpenID Connect names them.",
                extra_json_schema={"x-widget": "json"},
            ),
        ]
        | None
    ) = None
    subject: (
        Annotated[
            str, Meta(title="Subject", max_length=100, extra_json_schema={"x-widget": "text"})
        ]
        | None
    ) = None
    issuer: (
        Annotated[str, Meta(title="Issuer", max_length=100, extra_json_schema={"x-widget": "text"})]
        | None
    ) = None
    audience: (
        Annotated[
            str, Meta(title="Audience", max_length=100, extra_json_schema={"x-widget": "text"})
        ]
        | None
    ) = None
    expires_in: (
        Annotated[
            str,
            Meta(
                title="Expires in",
                description="A time like 15m, 2h or 7 days; a bare number is seconds.",
                max_length=25,
                extra_json_schema={"x-widget": "text"},
            ),
        ]
        | None
    ) = None


async def run(params: SignJwt, context: ActionContext) -> StepOutcome:
    """Sign the claims with the connection's key; ``iat`` is added where the payload has none.

    Raises:
        ConnectionUnusable: the connection has no key that signs with its algorithm.
        InvalidActionParams: *expires_in* is no time.
    """
    connection = await context.open_connection(params.connection_id, "JWT")
    now_s = int(context.attempt_began_at.timestamp())
    claims: JsonObject = {**(params.payload or {})}
    claims.setdefault("iat", now_s)
    if params.expires_in:
        issued = claims["iat"]
        start = issued if isinstance(issued, int | float) else now_s
        claims["exp"] = int(start + seconds_of(params.expires_in))
    for name, value in (
        ("sub", params.subject),
        ("iss", params.issuer),
        ("aud", params.audience),
    ):
        if value:
            claims[name] = value
    return StepOutcome(output={"token": sign(claims, read_key(connection, signs=True))})


def seconds_of(text: str) -> float:
    """Return the seconds that a time names, in the words of npm's ``ms``; bare, it is seconds.

    Raises:
        InvalidActionParams: it names none, or over a hundred years.
    """
    found = _SPAN.fullmatch(text.strip())
    size = _SECONDS.get(found[2].lower()) if found else None
    if found is None or size is None or float(found[1]) * size > _LONGEST_S:
        raise InvalidActionParams(
            "expected a time like 15m, 2h or 7 days, found another text", at="/expires_in"
        )
    return float(found[1]) * size


ACTION = ActionSpec(
    type_="JWT",
    action="SIGN_JWT",
    title="Sign JSON web token",
    summary="Make a JSON Web Token, signed with the key of a vault connection.",
    params=SignJwt,
    run=run,
    output={
        "type": "object",
        "properties": {"token": {"type": "string", "description": "The compact token."}},
        "required": ["token"],
        "additionalProperties": False,
    },
    # Signatures of some algorithms differ each time: a resumed execution must see the same token.
    effect=Effect.REPEATABLE,
    source=SOURCE,
    example={
        "connection_id": "My signing key",
        "payload": {"email": "{{context.user.email}}"},
        "subject": "{{context.user.user_id}}",
        "issuer": "https://example.com/",
        "audience": "https://api.example.com/",
        "expires_in": "15m",
    },
)
