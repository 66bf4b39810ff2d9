"""Run recorded executions against an edited flow; nothing is ever sent."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._session import run_async

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonValue
    from sluiceway.rehearsal.agreement import Disagreement
    from sluiceway.rehearsal.recordings import Recording
    from sluiceway.rehearsal.replay import Replay, StepReplay

__all__ = ["COMMAND"]

_LONGEST: Final = 100
_MOST: Final = 8


@click.command()
@click.argument("execution")
@click.argument("flow")
@click.option("--flow", "name", metavar="NAME", help="Which flow of an export or a folder.")
@click.option(
    "--last",
    type=click.IntRange(1, 100),
    metavar="N",
    help="With a flow as EXECUTION: its last N executions.",
)
@click.option(
    "--mocks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML or JSON: steps and http, as in test cases.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 where there are differences.")
@click.option("--json", "as_json", is_flag=True, help="Print the replays as JSON.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    execution: str,
    flow: str,
    *,
    name: str | None,
    last: int | None,
    mocks: Path | None,
    exit_code: bool,
    as_json: bool,
) -> int:
    """Run recorded executions against an edited flow; nothing is ever sent.

    EXECUTION is an id, a file or folder of records (ours, or Auth0's fetched with hydrate=debug),
    or a flow of the database with --last N. FLOW is a file, a folder, or a flow of the database.

    A step that is given what it was given then takes its output from the record; the rest runs
    anew: from --mocks, or on an embedded tenant in memory.
    """
    from sluiceway.cli._flow_sets import load_flow_set  # noqa: PLC0415 - --help is quick
    from sluiceway.cli._recordings import load_executions  # noqa: PLC0415

    recordings = run_async(load_executions(execution, last=last or 0))
    flows = run_async(load_flow_set(flow))
    document = _read_mocks(mocks)
    replays = run_async(_replay(recordings, flows, name, document))
    differing = [replay for replay in replays if replay.differs]
    if as_json:
        shown = {"replays": [replay.as_json() for replay in replays], "summary": _counts(replays)}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    elif len(replays) == 1:
        _show(replays[0])
    else:
        _show_many(replays)
    return 1 if exit_code and differing else 0


async def _replay(
    recordings: Sequence[Recording], flows: Sequence[Flow], name: str | None, mocks: JsonValue
) -> list[Replay]:
    from sluiceway.rehearsal.mock_documents import parse_mocks  # noqa: PLC0415 - --help is quick
    from sluiceway.rehearsal.replay import replay_execution  # noqa: PLC0415
    from sluiceway.testing.session import new_stage  # noqa: PLC0415

    replays: list[Replay] = []
    async with new_stage() as stage:
        for recording in recordings:
            chosen = _pick(flows, name or recording.flow_name, is_asked=name is not None)
            replays.append(
                await replay_execution(stage, recording, chosen, mocks=parse_mocks(mocks))
            )
    return replays


def _pick(flows: Sequence[Flow], name: str, *, is_asked: bool) -> Flow:
    """Return the flow to replay against: the only one, else the one of that name.

    Raises:
        UsageError: there are several, and none has the name.
    """
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help is quick

    if len(flows) == 1 and not is_asked:
        return flows[0]
    for flow in flows:
        if flow.name == name:
            return flow
    names = ", ".join(repr(flow.name) for flow in flows)
    raise UsageError(
        f"expected a flow named {name!r}, found {names or 'none'}", hint="Choose one with --flow."
    )


def _read_mocks(path: Path | None) -> Any:
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help is quick

    if path is None:
        return None
    import yaml  # noqa: PLC0415 - takes its time

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(
            f"expected YAML or JSON with mocks: {type(error).__name__}", at=str(path)
        ) from error


def _show(replay: Replay) -> None:
    click.echo(f"{click.style(replay.recording.id, bold=True)}  {replay.recording.flow_name}")
    before = [step.id for step in replay.recording.steps]
    if replay.path_differs:
        click.echo("  path")
        click.echo(f"    then {' → '.join(before) or 'no step'}")
        click.echo(f"    now  {' → '.join(replay.run.path) or 'no step'}")
    if replay.status_differs:
        click.echo(f"  status {replay.recording.status} → {replay.run.status}")
    for step in replay.steps:
        _show_step(step)
    for one in replay.output:
        click.echo(f"  output{_line(one)}")
    if not replay.differs:
        count = len(before)
        click.echo(f"  No difference in {count} step{'' if count == 1 else 's'}.")


def _show_step(step: StepReplay) -> None:
    words = {
        "record": ("=", "dim", "from the record"),
        "mock": ("~", "cyan", "from a mock"),
        "tenant": ("~", "cyan", "run anew"),
        "flow": ("~", "cyan", "run anew"),
        "gone": ("-", "red", "no longer reached"),
    }
    mark, colour, told = words[step.source]
    if step.is_new:
        mark, colour, told = "+", "green", f"new, {told}"
    styled = click.style(mark, dim=True) if colour == "dim" else click.style(mark, fg=colour)
    click.echo(f"  {styled} {step.id:<32} {click.style(told, dim=True)}")
    for name, differences in (("params", step.params), ("output", step.output)):
        for one in differences[:_MOST]:
            click.echo(f"      {name}{_line(one)}")
        if len(differences) > _MOST:
            click.echo(f"      … {len(differences) - _MOST} more in {name}: see --json")
    if step.error is not None:
        click.echo(click.style(f"      {step.error['code']}: {step.error['message']}", fg="red"))


def _line(one: Disagreement) -> str:
    return f"{one.at}: {_short(one.before)} → {_short(one.after)}"


def _short(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _counts(replays: Sequence[Replay]) -> dict[str, int]:
    return {
        "executions": len(replays),
        "same": sum(not replay.differs for replay in replays),
        "other_path": sum(replay.path_differs for replay in replays),
        "other_status": sum(replay.status_differs for replay in replays),
        "other_params": sum(any(s.params for s in replay.steps) for replay in replays),
        "other_output": sum(
            bool(replay.output or any(s.output for s in replay.steps)) for replay in replays
        ),
    }


def _show_many(replays: Sequence[Replay]) -> None:
    """Write a line for each execution that differs, then how often what differs."""
    for replay in replays:
        if not replay.differs:
            continue
        parts: list[str] = []
        if replay.status_differs:
            parts.append(f"{replay.recording.status} → {replay.run.status}")
        if replay.path_differs:
            parts.append("another path")
        changed = [step.id for step in replay.steps if step.params or step.output or step.error]
        if changed:
            parts.append(f"other values in {', '.join(changed[:4])}")
        if replay.output:
            parts.append("another output")
        click.echo(f"{click.style('~', fg='yellow')} {replay.recording.id}  {'; '.join(parts)}")
    counts = _counts(replays)
    steps = Counter(
        step.id for replay in replays for step in replay.steps if step.params or step.output
    )
    click.echo(
        f"{counts['executions']} executions: {counts['same']} the same, "
        f"{counts['other_path']} with another path, {counts['other_status']} with another status, "
        f"{counts['other_params']} with other params, {counts['other_output']} with other outputs."
    )
    for id_, count in steps.most_common(_MOST):
        click.echo(f"  {id_}: differs in {count}")
