"""Export flows: names instead of ids, placeholders instead of secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.analysis.packages import Format, Package
    from sluiceway.models.json import JsonValue

__all__ = ["COMMAND"]

_STDOUT: Final = "-"


@click.command()
@click.argument("path")
@click.option("--flow", "flows", metavar="NAME", multiple=True, help="Only this flow.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["flow", "list", "dashboard", "deploy-cli", "terraform"]),
    help="By default deploy-cli for a folder, dashboard for .json, terraform for .tf.json.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    path: str, *, flows: tuple[str, ...], format_: str | None, force: bool
) -> int:
    """Export flows: names instead of ids, placeholders instead of secrets.

    PATH is a folder, a file (.json or .tf.json), or - for standard output. What an imported
    container held beside its flows (forms, keys that Sluiceway does not know) comes out again.
    """
    from sluiceway.analysis.packages import Format  # noqa: PLC0415 - --help is quick
    from sluiceway.cli._remote import open_api  # noqa: PLC0415
    from sluiceway.cli._transfer import load_export  # noqa: PLC0415

    chosen = Format(format_) if format_ else _format_of(path)

    async def load() -> list[Package]:
        async with open_api(current_settings()) as api:
            return await load_export(api, flows)

    packages = run_async(load())
    if not packages:
        click.echo("There are no flows to export.", err=True)
        return 0
    files = _files(packages, path, chosen)
    if path == _STDOUT:
        for document in files.values():
            click.echo(_text(document), nl=False)
        return 0
    written = _write(files, Path(path), force=force)
    count = sum(len(package.flows) for package in packages)
    click.echo(f"Exported {count} flow{'' if count == 1 else 's'}: {', '.join(written[:8])}")
    return 0


def _format_of(path: str) -> Format:
    from sluiceway.analysis.packages import Format  # noqa: PLC0415 - as above

    if path.endswith(".tf.json"):
        return Format.TERRAFORM
    return Format.DASHBOARD if path == _STDOUT or path.endswith(".json") else Format.DEPLOY_CLI


def _files(packages: list[Package], path: str, format_: Format) -> dict[str, JsonValue]:
    """Return the files to write; a single one stands under the name that was asked for.

    Raises:
        UsageError: several files would have to go into one.
    """
    from sluiceway.analysis.exports import merged  # noqa: PLC0415 - as above
    from sluiceway.analysis.package_files import write_package  # noqa: PLC0415
    from sluiceway.analysis.packages import Format  # noqa: PLC0415
    from sluiceway.errors import UsageError  # noqa: PLC0415

    is_file = path == _STDOUT or path.endswith(".json")
    stem = Path(path).name.removesuffix(".json").removesuffix(".tf")
    files: dict[str, JsonValue] = {}
    if is_file or format_ is Format.DEPLOY_CLI:
        files = write_package(merged(packages, name=stem), format_)
    else:
        for package in packages:
            files |= write_package(package, format_)
    if not is_file:
        return files
    if len(files) != 1:
        raise UsageError(
            f"expected one file, found {len(files)} to write as {format_}",
            at=path,
            hint="Give a folder, or --format dashboard, or one --flow.",
        )
    return {Path(path).name: next(iter(files.values()))}


def _write(files: dict[str, JsonValue], path: Path, *, force: bool) -> list[str]:
    from sluiceway.errors import UsageError  # noqa: PLC0415 - as above

    folder = path.parent if path.name.endswith(".json") else path
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise UsageError(
            f"expected to write new files, found {there[0]!r} there already",
            at=str(folder),
            hint="Write over what is there with --force.",
        )
    for name, document in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_text(document), encoding="utf-8")
    return [str(folder / name) for name in files]


def _text(document: JsonValue) -> str:
    return f"{json.dumps(document, ensure_ascii=False, indent=2)}\n"
