"""List, show, send, retry and discard messages on their way out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._columns import columns, labelled
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.cli._remote import Api

__all__ = ["COMMAND"]

_PATH: Final = "/sluiceway/v1/outbox"
_STATUSES: Final = ("QUEUED", "SENDING", "SENT", "DEAD", "DISCARDED")
_DELIVERIES: Final = ("queued", "sent", "delivered", "failed", "bounced", "complained")
_LARGEST_PAGE: Final = 100

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """List, show, send, retry and discard messages on their way out."""


@COMMAND.command(name="list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(_STATUSES, case_sensitive=False),
    help="Where the message stands in the outbox.",
)
@click.option(
    "--delivery",
    "deliveries",
    multiple=True,
    type=click.Choice(_DELIVERIES),
    help="What the provider reported.",
)
@click.option("--queue", type=click.Choice(["email", "sms", "call"]), help="The kind of message.")
@click.option("--execution", metavar="ID", help="The execution that queued it.")
@click.option("--search", metavar="TEXT", help="In the recipient or the subject.")
@click.option(
    "--take", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many."
)
@_as_json
def list_(*, as_json: bool, take: int, **wanted: Any) -> int:
    """List messages, newest first."""
    found, counts, is_served = run_async(_list(take, wanted))
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    if found:
        rows = [
            [
                message["id"],
                message["channel"],
                message["status"],
                message["delivery"],
                str(message["attempts"]),
                _short(message["created_at"]),
                _heading(message),
            ]
            for message in found
        ]
        head = ["ID", "KIND", "STATUS", "DELIVERY", "TRIES", "QUEUED AT", "TO"]
        click.echo(columns(head, rows))
    else:
        click.echo("No messages.")
    told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    if told:
        click.echo(f"In all: {told}", err=True)
    if counts["QUEUED"] and not is_served:
        click.echo(
            "No server delivers them here. Send them now: sluiceway outbox deliver", err=True
        )
    return 0


@COMMAND.command()
@click.argument("id_", metavar="ID")
@click.option("--content", is_flag=True, help="What it says too, one-time codes included.")
@_as_json
def show(id_: str, *, content: bool, as_json: bool) -> int:
    """Show one message: its tries, and what became of it."""
    message, said = run_async(_show(id_, with_content=content))
    if as_json:
        more = {} if said is None else {"content": said}
        click.echo(json.dumps({**message, **more}, indent=2, ensure_ascii=False))
        return 0
    click.echo(
        labelled(
            [
                ("Message", message["id"]),
                ("Kind", message["channel"]),
                ("To", message["message"].get("to") or ""),
                ("Subject", message["message"].get("subject") or ""),
                ("Status", message["status"]),
                ("Delivery", message["delivery"]),
                ("Execution", f"{message['execution_id']}, step {message['step_id']}"),
                ("Queued at", message["created_at"]),
                ("Next try at", message["next_try_at"] or ""),
                ("Provider", message["provider"] or ""),
                ("Receipt", message["receipt"] or ""),
            ]
        )
    )
    _print_history(message)
    if said is not None:
        if "sms" in said:
            size = said["sms"]
            click.echo(f"Segments:  {size['segments']} ({size['encoding']}, {size['units']} units)")
        click.echo()
        click.echo(said["text"])
    return 0


@COMMAND.command()
@click.argument("ids", metavar="ID", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="All dead messages.")
@click.option("--queue", type=click.Choice(["email", "sms", "call"]), help="With --all.")
@click.option("--execution", metavar="ID", help="With --all.")
@_as_json
def retry(
    ids: tuple[str, ...], *, is_all: bool, queue: str | None, execution: str | None, as_json: bool
) -> int:
    """Queue dead or discarded messages again."""
    if is_all == bool(ids):
        raise click.UsageError("expected either message ids or --all")
    if is_all:
        count = run_async(_retry_all(queue, execution))
        click.echo(json.dumps({"retried": count}) if as_json else f"Queued {count} again.")
        return 0
    return _each("retry", ids, "Queued again", as_json=as_json)


@COMMAND.command()
@click.argument("ids", metavar="ID", nargs=-1, required=True)
@_as_json
def discard(ids: tuple[str, ...], *, as_json: bool) -> int:
    """Give messages up that wait or are dead: they are never sent."""
    return _each("discard", ids, "Discarded", as_json=as_json)


@COMMAND.command()
@_as_json
def deliver(*, as_json: bool) -> int:
    """Send what is due now and stop; a server or a worker does it all the time."""
    tries, counts = run_async(_deliver())
    if as_json:
        click.echo(json.dumps({"tries": tries, "counts": counts}))
        return 0
    if tries is None:
        click.echo("A server holds the database: it delivers by itself.")
        return 0
    told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    click.echo(f"{tries} {'try' if tries == 1 else 'tries'}. In all: {told or 'no messages'}")
    return 0


def _each(verb: str, ids: Sequence[str], done: str, *, as_json: bool) -> int:
    messages = run_async(_change(verb, ids))
    if as_json:
        click.echo(json.dumps(messages, indent=2, ensure_ascii=False))
        return 0
    for message in messages:
        click.echo(f"{done}: {message['id']}")
    return 0


def _print_history(message: dict[str, Any]) -> None:
    for number, attempt in enumerate(message["history"], start=1):
        provider = f" by {attempt['provider']}" if attempt.get("provider") else ""
        if attempt["ok"]:
            click.echo(f"  try {number}  {attempt['at']}  taken{provider}")
            continue
        end = "given up" if attempt.get("final") else "to be tried again"
        error = attempt["error"]
        click.echo(f"  try {number}  {attempt['at']}  {end}{provider}: {error['message']}")
        if error.get("hint"):
            click.echo(f"         hint: {error['hint']}")
    for report in message["reports"]:
        detail = f": {report['detail']}" if report.get("detail") else ""
        click.echo(f"  report {report['at']}  {report['status']} ({report['event']}){detail}")


def _heading(message: dict[str, Any]) -> str:
    shown = message["message"]
    subject = f"  {shown['subject']}" if shown.get("subject") else ""
    return f"{shown.get('to') or ''}{subject}"


def _short(timestamp: str) -> str:
    return timestamp[:19].replace("T", " ")


async def _list(
    take: int, wanted: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, int], bool]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help need not load it

    settings = current_settings()
    async with open_api(settings) as api:
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {
            "status": [*wanted["statuses"]],
            "delivery": [*wanted["deliveries"]],
            "queue": wanted["queue"],
            "execution_id": wanted["execution"],
            "q": wanted["search"],
        }
        start: str | None = None
        while len(found) < take:
            left = min(take - len(found), _LARGEST_PAGE)
            page = await api.call("GET", _PATH, query={**query, "take": left, "from": start})
            found += page["messages"]
            start = page.get("next")
            if start is None:
                break
        # PostgreSQL's workers are not seen from here.
        is_served = api.server is not None or settings.sqlite_path is None
        return found, await api.call("GET", f"{_PATH}/counts"), is_served


async def _deliver() -> tuple[int | None, dict[str, int]]:
    from sluiceway.cli._remote import find_server, open_api  # noqa: PLC0415
    from sluiceway.cli._session import open_here  # noqa: PLC0415

    settings = current_settings()
    if find_server(settings) is not None:
        async with open_api(settings) as api:
            return None, await api.call("GET", f"{_PATH}/counts")
    async with open_here(settings) as application:
        tries = await application.new_outbox_worker().deliver_due()
        counts = await application.store.outbox.count_by_status()
    return tries, {str(status): number for status, number in counts.items()}


async def _show(id_: str, *, with_content: bool) -> tuple[dict[str, Any], dict[str, Any] | None]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415

    async with open_api(current_settings()) as api:
        message = await api.call("GET", _one(id_))
        said = await api.call("GET", f"{_one(id_)}/content") if with_content else None
        return message, said


async def _change(verb: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415

    async with open_api(current_settings()) as api:
        return [await api.call("POST", f"{_one(id_)}/{verb}") for id_ in ids]


async def _retry_all(queue: str | None, execution: str | None) -> int:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415

    body = {"queue": queue, "execution_id": execution}
    async with open_api(current_settings()) as api:
        return await _retried(api, {key: value for key, value in body.items() if value})


async def _retried(api: Api, body: dict[str, Any]) -> int:
    answer = await api.call("POST", f"{_PATH}/retry", body)
    return int(answer["retried"])


def _one(id_: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return f"{_PATH}/{quote(id_, safe='')}"
