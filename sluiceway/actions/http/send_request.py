"""``HTTP/SEND_REQUEST``: a request to any service, signed in by a vault connection or by name."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params
from sluiceway.actions.calls import add_query, outcome_of, setup_text, setup_type, text_of
from sluiceway.actions.fields import HTTP_OUTPUT, Connection, Headers, QueryParams
from sluiceway.actions.http._bodies import ContentType, encode_body
from sluiceway.errors import InvalidActionParams, TargetForbidden
from sluiceway.outbound.base import OutboundRequest
from sluiceway.vault.hosts import is_admitted, is_host_written

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.vault.base import VaultConnection

__all__ = ["ACTION", "BasicAuth", "SendRequest", "effect_of", "run"]

_UNAUTHORIZED: Final = 401
_USER_AGENT: Final = "Sluiceway"
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LINE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS: Final = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_KINDS: Final = ("BEARER", "BASIC_AUTH", "API_KEY", "OAUTH_CLIENT_CREDENTIALS")


class BasicAuth(Params):
    """A user name and password, sent as RFC 7617 has it."""

    username: (
        Annotated[str, Meta(title="Username", min_length=1, extra_json_schema={"x-widget": "text"})]
        | None
    ) = None
    password: (
        Annotated[str, Meta(title="Password", min_length=1, extra_json_schema={"x-widget": "text"})]
        | None
    ) = None


class SendRequest(Params):
    """The params: where to, and what to send there."""

    url: Annotated[
        str,
        Meta(
            title="URL",
            description="The whole address, like https://api.example.com/v1/people.",
            min_length=1,
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    connection_id: (
        Annotated[
            Connection,
            Meta(description="A connection of app HTTP that signs the request in."),
        ]
        | None
    ) = None
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        Meta(title="Method", extra_json_schema={"x-widget": "choice"}),
    ] = "GET"
    headers: Headers | None = None
    basic: Annotated[
        BasicAuth | None,
        Meta(title="Enable Basic Auth", extra_json_schema={"x-widget": "group"}),
    ] = None
    params: QueryParams | None = None
    payload: Annotated[
        str | list[Any] | dict[str, Any] | None,
        Meta(
            title="Body",
            description="Written as the content type says; a text is sent as it is.",
            extra_json_schema={"x-widget": "json"},
        ),
    ] = None
    content_type: (
        Annotated[ContentType, Meta(title="Content type", extra_json_schema={"x-widget": "choice"})]
        | None
    ) = None


async def run(params: SendRequest, context: ActionContext) -> StepOutcome:
    """Make the request. The output is the other side's answer, whatever its status.

    Raises:
        InvalidActionParams: the URL, a header or the body cannot be sent.
        ConnectionUnusable, TokenError: the vault connection gives no credentials.
        TargetForbidden: the vault connection's credentials may not go there.
        OutboundError: no usable answer after the retries.
    """
    headers = {"user-agent": _USER_AGENT, "accept": "*/*", **_checked(params.headers or {})}
    body, written_as = encode_body(params.payload, params.content_type)
    if written_as:
        headers.setdefault("content-type", written_as)
    if params.basic is not None:
        headers["authorization"] = _basic(params.basic.username, params.basic.password)
    connection: VaultConnection | None = None
    query: JsonObject = {**(params.params or {})}
    if params.connection_id is not None:
        connection = await context.open_connection(params.connection_id, "HTTP")
        _refuse_other_hosts(connection, context.written.get("url"), params.url)
        await _sign_in(connection, context, headers, query)
    request = OutboundRequest(
        method=params.method, url=add_query(params.url, query), headers=headers, body=body
    )
    answer = await context.send(request)
    if answer.status == _UNAUTHORIZED and connection is not None and _has_token(connection):
        # The token may have been revoked: once more with a new one.
        refused = headers["authorization"].removeprefix("Bearer ")
        token = await context.access_token(connection, instead_of=refused)
        headers["authorization"] = f"Bearer {token}"
        answer = await context.send(request)
    return outcome_of(answer)


def _refuse_other_hosts(connection: VaultConnection, written: JsonValue, url: str) -> None:
    """Check that the connection's credentials may go to *url*, *written* so in the flow.

    Raises:
        TargetForbidden: they may not.
    """
    allow = f"sluiceway vault update {connection.name!r} --host HOST"
    if connection.hosts:
        if not is_admitted(connection.hosts, url):
            raise TargetForbidden(
                f"the vault connection {connection.name!r} goes to {', '.join(connection.hosts)} "
                "and nowhere else",
                at="/url",
                hint=f"Name every host that may have it, if this one may: {allow}",
            )
    elif isinstance(written, str) and not is_host_written(written):
        raise TargetForbidden(
            f"the vault connection {connection.name!r} goes to hosts that the flow writes, and an "
            "expression gives this one",
            at="/url",
            hint=f"Write the host, or say which may have the credentials: {allow}",
        )


async def _sign_in(
    connection: VaultConnection,
    context: ActionContext,
    headers: dict[str, str],
    query: JsonObject,
) -> None:
    match setup_type(connection, *_KINDS):
        case "BEARER":
            headers["authorization"] = f"Bearer {setup_text(connection, 'token')}"
        case "BASIC_AUTH":
            password = (connection.setup or {}).get("password")
            headers["authorization"] = _basic(
                setup_text(connection, "username"), password if isinstance(password, str) else None
            )
        case "API_KEY":
            name, value = setup_text(connection, "name"), setup_text(connection, "value")
            if (connection.setup or {}).get("in") == "QUERY":
                query[name] = value
            else:
                headers.update(_checked({name: value}))
        case _:
            headers["authorization"] = f"Bearer {await context.access_token(connection)}"


def _has_token(connection: VaultConnection) -> bool:
    return (connection.setup or {}).get("type") == "OAUTH_CLIENT_CREDENTIALS"


def _basic(username: str | None, password: str | None) -> str:
    pair = f"{username or ''}:{password or ''}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def _checked(headers: JsonObject) -> dict[str, str]:
    """Return *headers* as texts with lower-case names; null is left out."""
    checked: dict[str, str] = {}
    for name, value in headers.items():
        if value is None:
            continue
        text = text_of(value)
        if not _TOKEN.fullmatch(name):
            raise InvalidActionParams(
                "expected the name of a header, found other characters", at="/headers"
            )
        if name.lower() in _OURS:
            raise InvalidActionParams(f"the header {name!r} cannot be set", at="/headers")
        if not _LINE.fullmatch(text):
            raise InvalidActionParams(
                f"expected one line of Latin-1 text in the header {name!r}", at="/headers"
            )
        checked[name.lower()] = text
    return checked


def effect_of(params: SendRequest) -> Effect:
    """A POST may make something twice; the others are harmless to repeat (RFC 9110, 9.2.2)."""
    return Effect.ONCE if params.method == "POST" else Effect.REPEATABLE


ACTION = ActionSpec(
    type_="HTTP",
    action="SEND_REQUEST",
    title="HTTP request",
    summary="Call any service, and go on with its answer.",
    params=SendRequest,
    run=run,
    output=HTTP_OUTPUT,
    effect=effect_of,
    source="https://auth0.com/docs/customize/forms/flows/integrations/http-request",
    secret_params=("/basic/password",),
    example={
        "url": "https://api.example.com/v1/people",
        "method": "POST",
        "content_type": "JSON",
        "headers": {"x-request-source": "sluiceway"},
        "params": {"notify": "true"},
        "payload": {"email": "{{context.user.email}}", "plan": "{{fields.plan}}"},
    },
)
