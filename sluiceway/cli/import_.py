"""Import flows: a flow, a Dashboard export, a deploy-cli folder, Terraform's JSON."""

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
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    path: Path, *, pairs: tuple[str, ...], set_secrets: bool, as_json: bool
) -> int:
    """Import flows: a flow, a Dashboard export, a deploy-cli folder, Terraform's JSON.

    Flows are found by name, and created or updated; connections too. Nothing is deleted. In a
    connection's setup, @@NAME@@ (JSON) and ##NAME## (text) take the environment variable NAME; a
    placeholder that is left never replaces a secret. `sluiceway plan` shows it all beforehand.
    """
    from sluiceway.analysis.import_records import plan_json  # noqa: PLC0415 - --help is quick
    from sluiceway.analysis.package_files import read_packages  # noqa: PLC0415 - --help is quick
    from sluiceway.cli import _transfer  # noqa: PLC0415
    from sluiceway.cli._inputs import parse_pairs  # noqa: PLC0415
    from sluiceway.cli._remote import open_api  # noqa: PLC0415

    chosen = parse_pairs(pairs, "--connection")
    packages = read_packages(path)

    async def import_() -> int:
        async with open_api(current_settings()) as api:
            plans = await _transfer.make_plan(api, packages, chosen=chosen, set_secrets=set_secrets)
            done = [await _transfer.apply_plan(api, plan) for plan in plans]
        if as_json:
            click.echo(json.dumps(plan_json(done), ensure_ascii=False, indent=2))
        else:
            _transfer.show_plan(done, is_done=True)
        return 0

    return run_async(import_())
