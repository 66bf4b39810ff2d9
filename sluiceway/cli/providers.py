"""Set up, try and limit the providers that deliver messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._columns import columns, labelled
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sluiceway.cli._remote import Api
    from sluiceway.models.json import JsonObject

__all__ = ["COMMAND"]

_PATH: Final = "/sluiceway/v1/providers"
_EMAIL: Final = "/api/v2/emails/provider"
_PHONE: Final = "/api/v2/branding/phone/providers"
_KIND: Final = click.Choice(["email", "phone"])

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """Set up, try and limit the providers that deliver messages."""


@COMMAND.command(name="list")
@_as_json
def list_(*, as_json: bool) -> int:
    """List what can be set up, and what is in force."""
    found, known = run_async(_with_api(_list))
    if as_json:
        click.echo(json.dumps({"in_force": found, "catalogue": known}, indent=2))
        return 0
    rows = [
        [
            "*" if entry["name"] == found[kind]["in_force"] else " ",
            kind,
            entry["name"],
            entry["title"],
            " ".join(_fields(entry)),
        ]
        for kind in ("email", "phone")
        for entry in known[kind]
    ]
    click.echo(columns(["", "KIND", "NAME", "TITLE", "SETTINGS"], rows))
    click.echo("* in force. Set one up: sluiceway providers set KIND NAME key=value …", err=True)
    return 0


@COMMAND.command()
@click.argument("kind", type=_KIND)
@_as_json
def show(kind: str, *, as_json: bool) -> int:
    """Show what is set up, without its secrets."""
    found = run_async(_with_api(lambda api: api.call("GET", _PATH)))[kind]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return 0
    providers = found["providers"] if kind == "phone" else [found["provider"]]
    if found["in_force"] == "capture":
        click.echo("capture: messages stay in the outbox, nothing leaves this machine.")
    for provider in providers:
        if provider:
            click.echo(labelled(_lines(provider)))
    limits = {name: value for name, value in found["limits"].items() if value is not None}
    click.echo(f"Limits: {_pairs(limits) or 'the usual'}")
    return 0


@COMMAND.command(name="set")
@click.argument("kind", type=_KIND)
@click.argument("name")
@click.argument("values", metavar="KEY=VALUE", nargs=-1)
@click.option("--from", "sender", metavar="ADDRESS", help="The default sender.")
@click.option("--disabled", is_flag=True, help="Messages wait until it is enabled.")
@_as_json
def set_(
    kind: str,
    name: str,
    values: tuple[str, ...],
    *,
    sender: str | None,
    disabled: bool,
    as_json: bool,
) -> int:
    r"""Set up a provider in place of the one before; messages that wait go out through it.

    \b
    sluiceway providers set email smtp smtp_host=mail.example smtp_port=587 --from a@shop.example
    sluiceway providers set email resend api_key=@key.txt --from a@shop.example
    sluiceway providers set phone twilio sid=AC… auth_token=@- default_from=+12025550100
    sluiceway providers set email capture

    A value of @FILE is read from a file, @- from standard input. Secrets that are left out are
    asked for.
    """
    from sluiceway.cli._provider_values import read_values  # noqa: PLC0415 - --help is quick

    async def work(api: Api) -> Any:
        known = await api.call("GET", f"{_PATH}/catalogue")
        if name == "capture":
            return await _forget(api, kind)
        given = read_values(kind, name, values, known=known[kind], sender=sender)
        if kind == "email":
            return await _set_email(api, name, given, is_enabled=not disabled)
        return await _set_phone(api, name, given, is_disabled=disabled)

    made = run_async(_with_api(work))
    if as_json:
        click.echo(json.dumps(made, indent=2))
    elif name == "capture":
        click.echo("Messages stay in the outbox from now on: nothing leaves this machine.")
    else:
        click.echo(f"Set up {name}. Try it: sluiceway providers try {kind} ADDRESS")
    return 0


@COMMAND.command(name="try")
@click.argument("kind", type=_KIND)
@click.argument("to")
@click.option("--voice", is_flag=True, help="Call the number in place of writing to it.")
@click.option("--template", metavar="NAME", help="Send a stock template with sample data.")
@_as_json
def try_(kind: str, to: str, *, voice: bool, template: str | None, as_json: bool) -> int:
    """Send a test message and say what happened."""
    body: dict[str, Any] = {"to": to}
    if voice:
        body["delivery_method"] = "voice"
    if template:
        body["template"] = template
    told = run_async(_with_api(lambda api: api.call("POST", f"{_PATH}/{kind}/try", body)))
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    elif told["ok"]:
        receipt = f", and calls it {told['receipt']}" if told["receipt"] else ""
        click.echo(f"{told['provider']} took it in {told['took_ms']} ms{receipt}.")
        if told["provider"] == "capture":
            click.echo("Nothing left this machine: set a provider up to send.", err=True)
    else:
        error = told["error"]
        click.echo(f"It was not sent: {error['message']}", err=True)
        if error.get("hint"):
            click.echo(f"  hint: {error['hint']}", err=True)
        if told["retryable"]:
            click.echo("  It may pass: messages in the outbox would be tried again.", err=True)
    return 0 if told["ok"] else 1


@COMMAND.command()
@click.argument("kind", type=_KIND)
@click.option("--rate", metavar="N", help="Messages a second, over all workers.")
@click.option("--burst", metavar="N", help="Messages at once after a pause.")
@click.option("--concurrency", metavar="N", help="Messages on their way at a time.")
@click.option("--max-age", metavar="TIME", help="How long a message is of use, like 15m or 24h.")
@_as_json
def limits(kind: str, *, as_json: bool, max_age: str | None, **numbers: str | None) -> int:
    """Show or change the limits of a kind of message; "usual" takes one back."""
    from sluiceway.cli._provider_values import read_limits  # noqa: PLC0415

    changes = read_limits(numbers, max_age)
    path = f"{_PATH}/{kind}/limits"
    found = run_async(
        _with_api(
            lambda api: api.call("PATCH", path, changes) if changes else api.call("GET", path)
        )
    )
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return 0
    click.echo(
        labelled(
            [
                ("Messages a second", _usual(found["rate_per_s"])),
                ("At once", _usual(found["burst"])),
                ("At a time", _usual(found["concurrency"])),
                ("Of use for", _usual(found["max_age_s"], " s")),
            ]
        )
    )
    return 0


@COMMAND.command()
@click.argument("provider", required=False)
@click.argument("key", required=False)
@_as_json
def reports(provider: str | None, key: str | None, *, as_json: bool) -> int:
    """Show where providers can report deliveries; with a KEY, have a provider's reports believed.

    KEY is what proves that a post is the provider's; @FILE reads it from a file, @- from standard
    input.
    """
    from sluiceway.cli._provider_values import read_text_argument  # noqa: PLC0415

    async def work(api: Api) -> Any:
        if provider and key:
            body: JsonObject = {"key": read_text_argument("the key", key)}
            await api.call("PUT", f"/sluiceway/v1/webhooks/{provider}", body)
        found: list[dict[str, Any]] = (await api.call("GET", "/sluiceway/v1/webhooks"))["webhooks"]
        return [entry for entry in found if provider in {None, entry["provider"]}]

    found = run_async(_with_api(work))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return 0
    rows = [
        [entry["provider"], "yes" if entry["is_set"] else "no", entry["url"], entry["key_title"]]
        for entry in found
    ]
    click.echo(columns(["PROVIDER", "SET", "ADDRESS FOR THE PROVIDER", "KEY"], rows))
    return 0


def _usual(value: float | None, unit: str = "") -> str:
    return "the usual" if value is None else f"{value:g}{unit}"


def _fields(entry: dict[str, Any]) -> list[str]:
    schemas: list[dict[str, Any]] = [entry["credentials"], entry.get("configuration") or {}]
    names: list[str] = [name for schema in schemas for name in schema.get("properties", {})]
    required: set[str] = {name for schema in schemas for name in schema.get("required", [])}
    return [name if name in required else f"[{name}]" for name in names]


def _lines(provider: dict[str, Any]) -> list[tuple[str, str]]:
    is_on = provider["enabled"] if "enabled" in provider else not provider["disabled"]
    return [
        ("Provider", provider["name"]),
        ("Enabled", "yes" if is_on else "no: messages wait"),
        ("Sender", provider.get("default_from_address") or ""),
        ("Credentials", _pairs(provider.get("credentials") or {})),
        ("Configuration", _pairs(provider.get("configuration") or {})),
        ("Settings", _pairs(provider.get("settings") or {})),
        ("Id", provider.get("id", "")),
    ]


def _pairs(values: dict[str, Any]) -> str:
    return " ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in values.items()
    )


async def _with_api(work: Callable[[Api], Awaitable[Any]]) -> Any:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help need not load it

    async with open_api(current_settings()) as api:
        return await work(api)


async def _list(api: Api) -> tuple[dict[str, Any], dict[str, Any]]:
    return await api.call("GET", _PATH), await api.call("GET", f"{_PATH}/catalogue")


async def _forget(api: Api, kind: str) -> None:
    if kind == "email":
        await api.call("DELETE", _EMAIL)
        return
    for provider in (await api.call("GET", _PHONE))["providers"]:
        await api.call("DELETE", f"{_PHONE}/{provider['id']}")


async def _set_email(api: Api, name: str, given: dict[str, Any], *, is_enabled: bool) -> Any:
    body = {"name": name, "enabled": is_enabled, **given}
    if (await api.call("GET", _PATH))["email"]["provider"] is None:
        return await api.call("POST", _EMAIL, body)
    return await api.call("PATCH", _EMAIL, body)


async def _set_phone(api: Api, name: str, given: dict[str, Any], *, is_disabled: bool) -> Any:
    body = {"name": name, "disabled": is_disabled, **given}
    known = (await api.call("GET", _PHONE))["providers"]
    if not known:
        return await api.call("POST", _PHONE, body)
    return await api.call("PATCH", f"{_PHONE}/{known[0]['id']}", body)
