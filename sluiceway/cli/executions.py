"""List, show, cancel, retry and prune executions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._asking import confirm
from sluiceway.cli._columns import columns
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.cli._remote import Api

__all__ = ["COMMAND"]

_PATH: Final = "/sluiceway/v1/executions"
_STATUSES: Final = ("QUEUED", "RUNNING", "DELAYED", "COMPLETED", "FAILED", "CANCELLED")
_LARGEST_PAGE: Final = 100

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_ids = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """List, show, cancel, retry and prune executions."""


@COMMAND.command(name="list")
@click.option("--flow", metavar="FLOW", help="Of the flow with this id or name.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(_STATUSES, case_sensitive=False),
    help="Where it stands.",
)
@click.option("--since", metavar="TIME", help="Started since: 2026-01-31T09:30Z, or 2h ago as 2h.")
@click.option("--until", metavar="TIME", help="Started before.")
@click.option("--search", metavar="TEXT", help="In ids, the flow's name or the error.")
@click.option("--batch", metavar="ID", help="Of this batch.")
@click.option(
    "--take", default=20, show_default=True, type=click.IntRange(1, 100_000), help="How many."
)
@_as_json
def list_(*, as_json: bool, take: int, **wanted: Any) -> int:
    """List executions, newest first."""
    query = {
        "flow": wanted["flow"],
        "status": list(wanted["statuses"]) or None,
        "created_from": _moment(wanted["since"], "--since"),
        "created_before": _moment(wanted["until"], "--until"),
        "q": wanted["search"],
        "batch_id": wanted["batch"],
    }
    found, counts = run_async(_list(take, query))
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    if found:
        head = ["ID", "STATUS", "STARTED", "TOOK", "FLOW"]
        click.echo(columns(head, [_line(one) for one in found]))
    else:
        click.echo("No executions.")
    told = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    if told:
        click.echo(f"In all: {told}", err=True)
    return 0


@COMMAND.command()
@click.argument("id_", metavar="ID")
@_as_json
def show(id_: str, *, as_json: bool) -> int:
    """Show one execution with its steps; exit with 1 if it failed or was cancelled."""
    record = run_async(_show(id_))
    if as_json:
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        _print_record(record)
    return 1 if record["status"] in {"FAILED", "CANCELLED"} else 0


@COMMAND.command()
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option("--batch", metavar="ID", help="All of this batch that have not ended.")
@_as_json
def cancel(ids: tuple[str, ...], *, batch: str | None, as_json: bool) -> int:
    """Cancel executions, or say why they cannot be stopped."""
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help need not load it

    if bool(ids) == (batch is not None):
        raise UsageError("expected the ids of executions, or --batch ID")
    if batch is not None:
        return _cancel_batch(batch, as_json=as_json)
    return _each(ids, "cancel", None, as_json=as_json)


def _cancel_batch(batch: str, *, as_json: bool) -> int:
    from sluiceway.cli._errors import write_failure  # noqa: PLC0415 - when used

    done = run_async(_call("POST", f"/sluiceway/v1/batches/{_quoted(batch)}/cancel", None))
    if as_json:
        click.echo(json.dumps(done, indent=2, ensure_ascii=False))
    else:
        number = done["cancelled"]
        click.echo(f"Cancelled {number} {_noun(number)} of the batch {batch}.")
        for one in done["refused"]:
            error = one["error"]
            write_failure(
                code=error["code"], message=error["message"], at="", hint=error.get("hint", "")
            )
    return 1 if done["refused"] else 0


@COMMAND.command()
@_ids
@click.option("--from-start", is_flag=True, help="Run it all again, as a new execution.")
@_as_json
def retry(ids: tuple[str, ...], *, from_start: bool, as_json: bool) -> int:
    """Go on with executions from their failed step."""
    from sluiceway.cli._remote import find_server  # noqa: PLC0415 - --help need not load it

    origin = "start" if from_start else "failed_step"
    status = _each(ids, "retry", {"from": origin}, as_json=as_json)
    settings = current_settings()
    if settings.sqlite_path is not None and find_server(settings) is None:
        click.echo("They wait for a worker: sluiceway serve, or the next sluiceway run.", err=True)
    return status


@COMMAND.command()
@click.option(
    "--older-than",
    metavar="TIME",
    help="How long ago they ended, like 30d; the setting retention without it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
def prune(*, older_than: str | None, yes: bool, as_json: bool) -> int:
    """Delete executions that ended long ago, and give their space back."""
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help need not load it
    from sluiceway.settings import parse_duration  # noqa: PLC0415

    try:
        age = parse_duration(older_than) if older_than else current_settings().retention
    except ValueError as error:
        raise UsageError(f"--older-than: {error}") from error
    before = _text(datetime.now(UTC) - age)
    if not (yes or as_json):
        confirm(f"Delete all executions that ended before {before}?")
    found = run_async(_call("POST", f"{_PATH}/prune", {"ended_before": before}))
    number = found["deleted"]
    click.echo(json.dumps(found) if as_json else f"Deleted {number} {_noun(number)}.")
    return 0


def _noun(number: int) -> str:
    return "execution" if number == 1 else "executions"


def _each(ids: Sequence[str], verb: str, body: Any, *, as_json: bool) -> int:
    """Do *verb* to each; the exit status is that of the first that refuses."""
    from sluiceway.cli._errors import exit_status, write_error  # noqa: PLC0415 - when used
    from sluiceway.errors import SluicewayError  # noqa: PLC0415

    results = run_async(_do_each(ids, verb, body))
    status = 0
    shown: list[Any] = []
    for id_, result in zip(ids, results, strict=True):
        if isinstance(result, SluicewayError):
            status = status or exit_status(result)
            shown.append({"id": id_, "error": result.as_json()})
            if not as_json:
                write_error(result)
            continue
        shown.append(result)
        if not as_json:
            also = f" as {result['id']}" if result["id"] != id_ else ""
            click.echo(f"{id_}  {result['status']}{also}")
    if as_json:
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    return status


async def _do_each(ids: Sequence[str], verb: str, body: Any) -> list[Any]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help need not load it
    from sluiceway.errors import SluicewayError  # noqa: PLC0415

    results: list[Any] = []
    async with open_api(current_settings()) as api:
        for id_ in ids:
            try:
                results.append(await api.call("POST", f"{_PATH}/{_quoted(id_)}/{verb}", body))
            except SluicewayError as error:
                results.append(error)
    return results


async def _call(method: str, path: str, body: Any) -> Any:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - as above

    async with open_api(current_settings()) as api:
        return await api.call(method, path, body)


async def _list(take: int, query: dict[str, Any]) -> tuple[list[Any], dict[str, int]]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - as above

    async with open_api(current_settings()) as api:
        found = await _pages(api, take, query)
        return found, await api.call("GET", f"{_PATH}/counts")


async def _pages(api: Api, take: int, query: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    from_: str | None = None
    while len(found) < take:
        size = min(take - len(found), _LARGEST_PAGE)
        page = await api.call("GET", _PATH, query={**query, "take": size, "from": from_})
        found.extend(page["executions"])
        from_ = page.get("next")
        if from_ is None:
            break
    return found


async def _show(id_: str) -> Any:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - as above

    async with open_api(current_settings()) as api:
        path = f"{_PATH}/{_quoted(id_)}"
        return await api.call("GET", path, query={"hydrate": "debug"})


def _print_record(record: Any) -> None:
    from sluiceway.cli._trace import open_trace  # noqa: PLC0415 - when used

    trace = open_trace(as_json=False)
    debug = record["debug"]
    trace.started(debug["flow"]["name"], record["id"])
    for step in debug["steps"]:
        trace.step_ended(step)
    trace.finished(record)
    error = debug.get("error")
    if error:
        click.echo(f"{error['code']}: {error['message']}")


def _line(one: Any) -> list[str]:
    return [
        one["id"],
        one["status"],
        one["created_at"].replace("T", " ")[:19],
        _took(one.get("started_at"), one.get("ended_at")),
        one["flow"]["name"],
    ]


def _took(started: str | None, ended: str | None) -> str:
    from sluiceway.models.timestamps import parse_timestamp  # noqa: PLC0415 - when used

    if started is None or ended is None:
        return "-"
    seconds = (parse_timestamp(ended) - parse_timestamp(started)).total_seconds()
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _moment(text: str | None, option: str) -> str | None:
    """Return a moment as the API takes it; ``2h`` is two hours ago."""
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help need not load it
    from sluiceway.settings import parse_duration  # noqa: PLC0415

    if text is None:
        return None
    try:
        return _text(datetime.now(UTC) - parse_duration(text))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option}: expected a time like 2026-01-31T09:30Z, or an age like 2h, found {text!r}"
        ) from error
    return _text(moment if moment.tzinfo else moment.astimezone())


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(id_: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - when used

    return quote(id_, safe="")
