"""Run one flow now, and watch it; or run it for every row of a file."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sluiceway.cli._flows import find_flow, load_stored_flow, refuse_problems
from sluiceway.cli._inputs import build_input, parse_pairs
from sluiceway.cli._session import current_settings, open_here, run_async
from sluiceway.cli._trace import open_trace
from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.bootstrap import Application
    from sluiceway.cli._each import EachOptions
    from sluiceway.cli._trace import Trace
    from sluiceway.engine.binding import Binding
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.flow import Flow
    from sluiceway.models.flow_files import ConnectionStub, FlowEntry
    from sluiceway.models.json import JsonObject
    from sluiceway.settings import Settings

__all__ = ["COMMAND"]

_FILES: Final = frozenset({".json", ".yaml", ".yml", ".tf", ".tfstate"})
_ANYWHERE: Final = ""


@click.command()
@click.argument("flow")
@click.option("--flow", "name", metavar="NAME", help="Which flow of an export or a folder.")
@click.option("--context", metavar="FILE", help="JSON that {{ context }} reads; - is stdin.")
@click.option("--fields", metavar="FILE", help="JSON that {{ fields }} reads.")
@click.option("--vars", "vars_", metavar="FILE", help="JSON that {{ vars }} reads.")
@click.option(
    "--set", "settings", metavar="PATH=VALUE", multiple=True, help="One value, like fields.age=42."
)
@click.option(
    "--connection",
    "pairs",
    metavar="TOKEN=NAME",
    multiple=True,
    help="Use the vault connection NAME where the flow says TOKEN; NAME alone: wherever the "
    "vault has none. local is the embedded tenant.",
)
@click.option(
    "--each",
    metavar="FILE",
    help="Run it for every row of a .csv or .jsonl file. A column is a field, or a path like "
    "context.user.user_id; - is JSON lines on "
    "stdin, -.csv CSV.",
)
@click.option(
    "--batch",
    metavar="ID",
    help="Name the rows' batch: the same one again goes on where it stopped.",
)
@click.option("--concurrency", type=click.IntRange(1, 10_000), help="Rows run at once.")
@click.option("--report", metavar="FILE", help="Write a JSON line for every row that ends.")
@click.option("--json", "as_json", is_flag=True, help="Print the execution record as JSON.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    flow: str,
    *,
    name: str | None,
    context: str | None,
    fields: str | None,
    vars_: str | None,
    settings: tuple[str, ...],
    pairs: tuple[str, ...],
    each: str | None,
    batch: str | None,
    concurrency: int | None,
    report: str | None,
    as_json: bool,
) -> int:
    """Run one flow now, and watch it.

    FLOW is a file (a flow, a list of actions, a Dashboard export, Terraform's JSON, deploy-cli's
    YAML), a deploy-cli folder, or the id or name of a flow in the database.
    """
    connections = _chosen_connections(pairs)
    input_ = build_input(context=context, fields=fields, vars_=vars_, settings=settings)
    path = Path(flow)
    found = find_flow(path, name) if path.exists() or path.suffix in _FILES else None
    if each is None:
        _refuse_without_each(batch=batch, concurrency=concurrency, report=report)
    else:
        from sluiceway.cli._each import EachOptions  # noqa: PLC0415 - when used

        options = EachOptions(
            source=each,
            batch_id=batch,
            base=input_,
            concurrency=concurrency,
            report=report,
            as_json=as_json,
        )
        return run_async(_run_each(flow, found, connections, options), is_lasting=True)
    return run_async(
        _run(flow, found=found, input_=input_, connections=connections, as_json=as_json)
    )


def _refuse_without_each(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise UsageError(
                f"expected --each with --{name}, found --{name} alone",
                hint="--each users.csv runs the flow for every row.",
            )


async def _run_each(
    source: str,
    found: tuple[FlowEntry, dict[str, ConnectionStub]] | None,
    connections: dict[str, str],
    options: EachOptions,
) -> int:
    from sluiceway.cli._each import RunHere, RunThere, run_each  # noqa: PLC0415 - when used
    from sluiceway.cli._remote import find_server, open_api  # noqa: PLC0415
    from sluiceway.cli._remote_run import bind_on_server, load_served_flow  # noqa: PLC0415
    from sluiceway.engine.binding import (  # noqa: PLC0415
        Binding,
        bind_connections,
        fill_connections,
    )

    settings = current_settings()
    binding = Binding(chosen=connections, stubs=found[1] if found else {}, offer=_offer)
    if find_server(settings) is not None:
        async with open_api(settings) as api:
            entry = found[0] if found else await load_served_flow(api, source)
            flow = await bind_on_server(api, entry, binding)
            runner = RunThere(api, flow, options.concurrency)
            return await run_each(runner, flow.name, options)
    async with open_here(settings) as application:
        entry = found[0] if found else await load_stored_flow(application, source)
        filled = fill_connections(entry, application.actions, binding)
        refuse_problems(filled, application.actions)
        flow = await bind_connections(filled, application.connections, binding)
        return await run_each(RunHere(application, flow, options.concurrency), flow.name, options)


async def _run(
    source: str,
    *,
    found: tuple[FlowEntry, dict[str, ConnectionStub]] | None,
    input_: ExecutionInput,
    connections: dict[str, str],
    as_json: bool,
) -> int:
    from sluiceway.cli._remote import find_server  # noqa: PLC0415 - once the arguments are good
    from sluiceway.engine.binding import (  # noqa: PLC0415
        Binding,
        bind_connections,
        fill_connections,
    )

    settings, trace = current_settings(), open_trace(as_json=as_json)
    stubs = found[1] if found else {}
    binding = Binding(chosen=connections, stubs=stubs, offer=_offer)
    if find_server(settings) is not None:
        entry, record = await _run_there(
            settings, source, found, input_=input_, binding=binding, trace=trace
        )
    else:
        async with open_here(settings) as application:
            entry = found[0] if found else await load_stored_flow(application, source)
            filled = fill_connections(entry, application.actions, binding)
            refuse_problems(filled, application.actions)
            flow = await bind_connections(filled, application.connections, binding)
            record = await _execute(application, flow, input_, trace)
    if as_json:
        import json  # noqa: PLC0415 - when used

        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
    if record["status"] == "COMPLETED":
        return 0
    from sluiceway.cli._failures import tell_failure  # noqa: PLC0415 - when one failed

    tell_failure(record, entry)
    return 1


async def _run_there(
    settings: Settings,
    source: str,
    found: tuple[FlowEntry, dict[str, ConnectionStub]] | None,
    *,
    input_: ExecutionInput,
    binding: Binding,
    trace: Trace,
) -> tuple[FlowEntry, JsonObject]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - only where a server runs
    from sluiceway.cli._remote_run import load_served_flow, run_on_server  # noqa: PLC0415

    async with open_api(settings) as api:
        entry = found[0] if found else await load_served_flow(api, source)
        return entry, await run_on_server(api, entry, input_, binding, trace)


def _chosen_connections(pairs: Sequence[str]) -> dict[str, str]:
    """Return the names chosen by token; a name alone stands under no token."""
    anywhere = [pair for pair in pairs if "=" not in pair]
    if len(anywhere) > 1:
        raise UsageError(
            f"expected one --connection without a token, found {' and '.join(anywhere)}",
            hint=f"Say where: --connection TOKEN={anywhere[0]}",
        )
    chosen = parse_pairs([pair for pair in pairs if "=" in pair], "--connection")
    return {**chosen, _ANYWHERE: anywhere[0]} if anywhere else chosen


def _offer(token: str, name: str) -> str:
    """Return the hint for a connection that is missing; *name* is the one that would do."""
    if not name:
        return f"Make it, then: --connection '{token}=NAME'. See: sluiceway vault --help"
    pair = f"'{token}={name}'" if token else name
    return f"Run it on the embedded tenant: --connection {pair}"


async def _execute(
    application: Application, flow: Flow, input_: ExecutionInput, trace: Trace
) -> JsonObject:
    worker = application.new_worker()
    working = asyncio.create_task(worker.run())
    try:
        id_ = await application.executions.start(flow, input_)
        trace.started(flow.name, id_)
        async for event in application.executions.events(id_):
            step = event.get("step")
            if not isinstance(step, dict):
                continue
            if event["type"] == "step_started":
                trace.step_began(step)
            else:
                trace.step_ended(step)
        record = await application.executions.get(id_, debug=True)
        trace.finished(record)
        await application.prune_a_little()
        return record
    finally:
        worker.stop()
        with suppress(asyncio.CancelledError):
            await working
