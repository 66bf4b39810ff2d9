"""Render a flow's email, text message or call without sending it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._inputs import build_input
from sluiceway.cli._session import current_settings, run_async
from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.flow import Flow

__all__ = ["COMMAND"]

_ACTIONS: Final = ("AUTH0/SEND_EMAIL", "AUTH0/SEND_SMS", "AUTH0/MAKE_CALL")


@click.command()
@click.argument("flow", required=False)
@click.argument("step", required=False)
@click.option("--flow", "name", metavar="NAME", help="Which flow of an export or a folder.")
@click.option("--template", metavar="NAME", help="A stock template, in place of FLOW and STEP.")
@click.option("--execution", metavar="ID", help="Take the values from this execution's record.")
@click.option("--context", metavar="FILE", help="JSON that {{ context }} reads; - is stdin.")
@click.option("--fields", metavar="FILE", help="JSON that {{ fields }} reads.")
@click.option("--vars", "vars_", metavar="FILE", help="JSON that {{ vars }} reads.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="One value.")
@click.option(
    "--html", metavar="FILE", type=click.Path(path_type=Path), help="Write the HTML to a file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    flow: str | None,
    step: str | None,
    *,
    name: str | None,
    template: str | None,
    execution: str | None,
    context: str | None,
    fields: str | None,
    vars_: str | None,
    settings: tuple[str, ...],
    html: Path | None,
    as_json: bool,
) -> int:
    """Render a flow's email, text message or call without sending it, and say what is wrong.

    FLOW is a file, a folder, or the id or name of a flow in the database; STEP may be left out
    where only one step sends something. Without values of your own they are made up. A phone
    template is text or voice: --template sms:otp_verify, call:otp_verify.
    """
    if (flow is None) == (template is None):
        raise UsageError(
            "expected either FLOW or --template",
            hint="try: sluiceway preview flow.json send_email",
        )
    given = None
    if context or fields or vars_ or settings:
        given = build_input(context=context, fields=fields, vars_=vars_, settings=settings)
    shown = run_async(
        _preview(flow, step, name=name, template=template, execution=execution, given=given)
    )
    if html is not None:
        html.write_text(shown.get("html", ""), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        _print(shown)
    return 1 if any(problem["severity"] == "error" for problem in shown["problems"]) else 0


async def _preview(
    flow: str | None,
    step: str | None,
    *,
    name: str | None,
    template: str | None,
    execution: str | None,
    given: ExecutionInput | None,
) -> dict[str, Any]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick

    body: dict[str, Any] = {}
    path = Path(flow) if flow is not None else None
    is_file = path is not None and (path.exists() or path.suffix == ".json")
    if path is not None and is_file:
        from sluiceway.cli._flows import find_flow  # noqa: PLC0415

        entry, _ = find_flow(path, name)
        body = _step_of(entry.flow, step)
    if given is not None:
        body["data"] = given.as_json()
    if execution is not None:
        body["execution_id"] = execution
    if is_file and execution is None:
        return await _render_here(body)
    async with open_api(current_settings()) as api:
        if template is not None:
            channel, colon, rest = template.partition(":")
            body["template"] = (
                {"channel": channel, "name": rest}
                if colon
                else {"channel": "email", "name": template}
            )
        elif not is_file:
            body |= await _stored_step(api, str(flow), step)
        found: dict[str, Any] = await api.call("POST", "/sluiceway/v1/previews", body)
    return found


async def _stored_step(api: Any, id_or_name: str, step: str | None) -> dict[str, Any]:
    from sluiceway.models.flow import Flow  # noqa: PLC0415
    from sluiceway.models.ids import is_id  # noqa: PLC0415

    id_ = id_or_name
    page = 0
    while not is_id(id_, "af"):
        query = {"page": page, "per_page": 100}
        listed = await api.call("GET", "/api/v2/flows", query=query)
        named = [flow["id"] for flow in listed if flow["name"] == id_or_name]
        if named:
            id_ = named[0]
            break
        if not listed:
            raise UsageError(
                f"expected a file, or a flow of the database, found no {id_or_name!r}",
                hint="See: sluiceway flows list",
            )
        page += 1
    return _step_of(Flow.from_json(await api.call("GET", f"/api/v2/flows/{id_}")), step)


def _step_of(flow: Flow, step: str | None) -> dict[str, Any]:
    """Return ``{action, params}`` of the step asked for.

    Raises:
        UsageError: there is no such step, or none was named and there are several.
    """
    actions = [
        placed.action
        for placed in flow.walk()
        if f"{placed.action.type}/{placed.action.action}" in _ACTIONS
    ]
    found = [action for action in actions if step is None or action.id == step]
    if len(found) != 1:
        asked = f"found {step!r}" if step else f"found {len(found)}"
        raise UsageError(
            f"expected one step that sends an email, a text message or a call, {asked}",
            hint=f"There are: {', '.join(a.id for a in actions)}." if actions else "",
        )
    action = found[0]
    return {"action": f"{action.type}/{action.action}", "params": action.params}


async def _render_here(body: dict[str, Any]) -> dict[str, Any]:
    """Render without a database: a file needs none."""
    from sluiceway.actions.base import TenantSettings  # noqa: PLC0415
    from sluiceway.analysis.preview import (  # noqa: PLC0415
        NotificationDraft,
        PreviewData,
        preview_notification,
    )
    from sluiceway.analysis.sample_context import SAMPLE_CONTEXT  # noqa: PLC0415
    from sluiceway.models.message import Channel  # noqa: PLC0415
    from sluiceway.models.timestamps import utc_now  # noqa: PLC0415

    settings = current_settings()
    channels = dict(zip(_ACTIONS, Channel, strict=True))
    data = body.get("data")
    shown = preview_notification(
        NotificationDraft(channel=channels[body["action"]], params=body["params"]),
        PreviewData(**data) if data else PreviewData(context=SAMPLE_CONTEXT, is_sample=True),
        tenant=TenantSettings(
            name=settings.tenant_name,
            friendly_name=settings.friendly_name,
            support_email=settings.support_email,
            support_url=settings.support_url,
        ),
        now=utc_now(),
    )
    return shown.as_json()


def _print(shown: dict[str, Any]) -> None:
    from sluiceway.cli._columns import labelled  # noqa: PLC0415

    click.echo(
        labelled(
            [
                ("To", shown["to"]),
                ("From", shown["from"] or "the provider's own sender"),
                ("Subject", shown.get("subject", "")),
                ("Size", _size(shown.get("size"))),
                ("Segments", _segments(shown.get("sms"))),
            ]
        )
    )
    click.echo()
    click.echo(shown["text"])
    if shown["problems"]:
        click.echo()
    for problem in shown["problems"]:
        _print_problem(problem)


def _size(size: dict[str, int] | None) -> str:
    if size is None:
        return ""
    return f"{size['html_bytes']} bytes of HTML, {size['mail_bytes']} as a mail"


def _segments(sms: dict[str, Any] | None) -> str:
    if sms is None:
        return ""
    strange = sms["unicode_characters"]
    reason = f", because of {strange}" if strange else ""
    return f"{sms['segments']} ({sms['encoding']}, {sms['units']} units{reason})"


def _print_problem(problem: dict[str, Any]) -> None:
    colour = "red" if problem["severity"] == "error" else "yellow"
    head = click.style(f"{problem['severity']}[{problem['code']}]", fg=colour, bold=True)
    place = f":{problem['line']}:{problem['column']}" if "line" in problem else ""
    click.echo(f"{head} {problem['at']}{place}: {problem['message']}", err=True)
    if problem.get("name") and problem["code"] == "remote_image":
        click.echo(f"  {problem['name']}", err=True)
    if problem.get("hint"):
        click.echo(f"  hint: {problem['hint']}", err=True)
