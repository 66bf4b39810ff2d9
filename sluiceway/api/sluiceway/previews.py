"""``/sluiceway/v1/previews``: a notification as it would arrive, without sending it.

``POST`` answers JSON; the answer's ``url`` is a page of its own with the rendered email, for a
sandboxed frame. Exactly one of three things is previewed:

- ``action`` and ``params``: a step as an editor has it, saved or not;
- ``flow_id`` and ``step_id``: a step of a saved flow;
- ``template``: a stock template, ``{channel, name}``.

``data`` (``{context, fields, vars, actions}``) or ``execution_id`` give the values; without either
they are made up. An execution's values are those of its record, so that what is masked there is
masked here.

The page takes ``?part=text`` for the plain text, ``?images=show`` to load remote images. It is kept
for fifteen minutes.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.analysis.preview import NotificationDraft, PreviewData, preview_notification
from sluiceway.analysis.sample_context import SAMPLE_CONTEXT, SAMPLE_TEMPLATE_VARIABLES
from sluiceway.api._pages import PAGE_PARAMS, mail_page
from sluiceway.api.errors import Refusal, envelope
from sluiceway.api.route import Call, Reply, Route
from sluiceway.errors import InvalidRequest, NotFound, ProviderError
from sluiceway.management import flows
from sluiceway.management.fields import OPEN, choice, closed, text
from sluiceway.management.provider_directory import TenantProviders
from sluiceway.management.stock_templates import KINDS, load_stock_template
from sluiceway.models.message import Channel
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from sluiceway.analysis.preview import Preview
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES", "draft_of"]

_ACTIONS: Final = {
    "AUTH0/SEND_EMAIL": Channel.EMAIL,
    "AUTH0/SEND_SMS": Channel.SMS,
    "AUTH0/MAKE_CALL": Channel.CALL,
}
_KEPT: Final = timedelta(minutes=15)
_DATA: Final = closed({"context": OPEN, "fields": OPEN, "vars": OPEN, "actions": OPEN}).document
_TEMPLATE: Final = closed(
    {"channel": choice(*KINDS), "name": text(200), "to": text(255)}, "channel", "name"
).document
_REQUEST: Final = closed(
    {
        "action": {**choice(*_ACTIONS), "description": "With params: a step as an editor has it."},
        "params": {**OPEN, "description": "The step's params, expressions and Liquid unresolved."},
        "flow_id": text(30, about="With step_id: a step of a saved flow."),
        "step_id": text(100),
        "template": {**_TEMPLATE, "description": "A stock template: channel and name."},
        "execution_id": text(30, about="Take the values from this execution's record."),
        "data": {**_DATA, "description": "Take the values from here."},
    }
)
_PROBLEM: Final[JsonObject] = {
    "type": "object",
    "required": ["severity", "code", "message", "at"],
    "properties": {
        "severity": choice("error", "warning"),
        "code": {
            "enum": [
                *("syntax", "unknown_tag", "unknown_filter", "unknown_variable"),
                *("missing_variable", "unescaped", "remote_image", "clipped", "render"),
                *("expression", "missing_param", "recipient", "refused", "too_long"),
            ]
        },
        "message": {"type": "string"},
        "at": {"type": "string", "description": "A JSON Pointer into the params, like /body."},
        "name": {"type": "string", "description": "The variable, filter, tag or address."},
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "hint": {"type": "string"},
    },
}
_PREVIEW: Final[JsonObject] = {
    "type": "object",
    "required": ["id", "url", "expires_at", "channel", "to", "from", "text", "problems"],
    "properties": {
        "id": {"type": "string"},
        "url": {"type": "string", "description": "The page; a path on this server."},
        "expires_at": {"type": "string", "format": "date-time"},
        "channel": choice(*KINDS),
        "to": {"type": "string"},
        "from": {"type": ["string", "null"], "description": "null is the provider's own sender."},
        "subject": {"type": "string"},
        "html": {"type": "string"},
        "text": {"type": "string"},
        "size": {
            "type": "object",
            "properties": {
                name: {"type": "integer"} for name in ("html_bytes", "text_bytes", "mail_bytes")
            },
        },
        "remote_images": {"type": "array", "items": {"type": "string"}},
        "sms": {
            "type": "object",
            "properties": {
                "encoding": choice("GSM-7", "UCS-2"),
                "units": {"type": "integer"},
                "segments": {"type": "integer"},
                "unicode_characters": {"type": "string"},
            },
        },
        "missing_variables": {"type": "array", "items": {"type": "string"}},
        "variables": {"type": "object", "description": "What the templates could read."},
        "problems": {"type": "array", "items": _PROBLEM},
    },
}


async def _create(call: Call) -> JsonValue:
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    environment = call.services.tenant.environment
    draft, extra = await draft_of(environment, body)
    data = await _data(call, body, extra)
    preview = preview_notification(
        draft,
        data,
        tenant=call.services.tenant_names,
        now=environment.now(),
        default_from=await _default_from(environment, draft.channel),
    )
    return {**await _keep(environment, preview), **preview.as_json()}


async def draft_of(
    environment: Environment, body: JsonObject
) -> tuple[NotificationDraft, JsonObject]:
    """Return what *body* asks to preview, and the variables that only it can read.

    Raises:
        InvalidRequest: it names nothing, or more than one thing.
        NotFound: the flow, the step or the template is not there.
    """
    given = [key for key in ("action", "flow_id", "template") if key in body]
    if len(given) != 1:
        raise InvalidRequest(
            "expected one of action with params, flow_id with step_id, or template; found"
            f" {' and '.join(given) or 'none'}",
            error_code="invalid_body",
        )
    if given == ["template"]:
        asked: Any = body["template"]
        channel = Channel(asked["channel"])
        to = asked.get("to") or ""
        stock = await load_stock_template(environment, channel=channel, name=asked["name"], to=to)
        return NotificationDraft(channel=channel, params=stock.params), {
            **SAMPLE_TEMPLATE_VARIABLES,
            **stock.extra,
        }
    if given == ["action"]:
        params = body.get("params")
        return (
            NotificationDraft(
                channel=_ACTIONS[str(body["action"])],
                params=params if isinstance(params, dict) else {},
            ),
            {},
        )
    flow = await flows.load_flow(environment, str(body["flow_id"]))
    for placed in flow.walk():
        if placed.action.id == body.get("step_id"):
            name = f"{placed.action.type}/{placed.action.action}"
            if name not in _ACTIONS:
                raise InvalidRequest(
                    f"expected a step that sends a notification, found {name}",
                    error_code="invalid_body",
                )
            return NotificationDraft(channel=_ACTIONS[name], params=placed.action.params), {}
    raise NotFound(f"Step {body.get('step_id')!r} not found")


async def _data(call: Call, body: JsonObject, extra: JsonObject) -> PreviewData:
    given = body.get("data")
    if isinstance(given, dict):
        return _read(given, extra)
    if "execution_id" not in body:
        return PreviewData(context=SAMPLE_CONTEXT, extra=extra, is_sample=True)
    if call.claims is None or "read:flows_executions" not in call.claims.scopes:
        message = "Insufficient scope, expected any of: read:flows_executions"
        raise Refusal(Reply(status=403, body=envelope(403, message, code="insufficient_scope")))
    record: Any = await call.services.need_executions().get(str(body["execution_id"]), debug=True)
    debug = record["debug"]
    outputs = {step["id"]: step["output"] for step in debug["steps"] if step.get("output")}
    return _read({**(debug["input"] or {}), "actions": outputs}, extra)


def _read(given: JsonObject, extra: JsonObject) -> PreviewData:
    def root(name: str) -> JsonObject:
        value = given.get(name)
        return value if isinstance(value, dict) else {}

    return PreviewData(
        context=root("context"),
        fields=root("fields"),
        vars=root("vars"),
        actions=root("actions"),
        extra=extra,
    )


async def _default_from(environment: Environment, channel: Channel) -> str | None:
    directory = TenantProviders(environment)
    try:
        configured = await (directory.email() if channel is Channel.EMAIL else directory.phone())
    except ProviderError:
        return None
    return configured.default_from if configured else None


async def _keep(environment: Environment, preview: Preview) -> JsonObject:
    id_ = secrets.token_urlsafe(24)
    expires_at = environment.now() + _KEPT
    page = msgspec.json.encode({"html": preview.html, "text": preview.text})
    sealed = environment.sealer.seal(page, identity=f"preview/{id_}")
    await environment.shared.put(f"preview/{id_}", sealed, expires_at=expires_at)
    return {
        "id": id_,
        "url": f"/sluiceway/v1/previews/{id_}",
        "expires_at": format_timestamp(expires_at),
    }


async def _show(call: Call) -> Reply:
    environment = call.services.tenant.environment
    key = f"preview/{call.path['id']}"
    sealed = await environment.shared.get(key, now=environment.now())
    if sealed is None:
        raise NotFound("Preview not found: it is kept for fifteen minutes")
    page = msgspec.json.decode(environment.sealer.open(sealed, identity=key), type=dict[str, str])
    return mail_page(
        markup=page["html"],
        text=page["text"],
        part=call.query["part"],
        shows_images=call.query["images"] == "show",
    )


ROUTES: Final = (
    Route(
        method="POST",
        is_pure=True,
        path="/sluiceway/v1/previews",
        handle=_create,
        summary="Render a notification without sending it",
        scopes=("read:flows",),
        body=_REQUEST,
        response=_PREVIEW,
        tag="previews",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/previews/{id}",
        handle=_show,
        summary="Get the page of a preview, with a policy that lets nothing in",
        scopes=("read:flows",),
        query=PAGE_PARAMS,
        media="text/html",
        tag="previews",
    ),
)
