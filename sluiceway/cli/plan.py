"""Show what an import would change, and change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sluiceway.cli._session import current_settings, run_async

__all__ = ["COMMAND"]


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--connection",
    "pairs",
    metavar="TOKEN=NAME",
    multiple=True,
    help="Use the vault connection NAME where the files say TOKEN.",
)
@click.option("--set-secrets", is_flag=True, help="Replace secrets that are set up already, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something would change.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    path: Path, *, pairs: tuple[str, ...], set_secrets: bool, as_json: bool, exit_code: bool
) -> int:
    """Show what an import would change, and change nothing.

    PATH is what `sluiceway import` takes. It is compared with the database, or with the server that
    holds it; `import` then does exactly what is shown.
    """
    from sluiceway.analysis.import_records import plan_json  # noqa: PLC0415 - --help is quick
    from sluiceway.analysis.package_files import read_packages  # noqa: PLC0415 - --help is quick
    from sluiceway.cli import _transfer  # noqa: PLC0415
    from sluiceway.cli._inputs import parse_pairs  # noqa: PLC0415
    from sluiceway.cli._remote import open_api  # noqa: PLC0415

    chosen = parse_pairs(pairs, "--connection")
    packages = read_packages(path)

    async def plan() -> int:
        async with open_api(current_settings()) as api:
            plans = await _transfer.make_plan(api, packages, chosen=chosen, set_secrets=set_secrets)
        if as_json:
            click.echo(json.dumps(plan_json(plans), ensure_ascii=False, indent=2))
        else:
            _transfer.show_plan(plans, is_done=False)
        return 1 if exit_code and any(one.changes for one in plans) else 0

    return run_async(plan())
