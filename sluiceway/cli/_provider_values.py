"""Provider settings as people type them: ``key=value``, typed by the provider's schemas."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sluiceway.errors import UsageError
from sluiceway.models.json_text import did_you_mean
from sluiceway.settings import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["read_limits", "read_text_argument", "read_values"]


def read_values(
    kind: str,
    name: str,
    values: Sequence[str],
    *,
    known: Sequence[dict[str, Any]],
    sender: str | None,
) -> dict[str, Any]:
    """Return the body of Auth0's API for what was typed.

    Args:
        kind: ``email`` or ``phone``.
        name: the provider's name.
        values: ``key=value`` each; ``settings.…=value`` goes into an email provider's settings.
        known: the catalogue of that kind.
        sender: the default sender.

    Raises:
        UsageError: a key or a value cannot be used, or a required one is missing.
    """
    entry = next((entry for entry in known if entry["name"] == name), None)
    if entry is None:
        names = [entry["name"] for entry in known]
        raise UsageError(
            f"expected the name of {'an' if kind == 'email' else 'a'} {kind} provider,"
            f" found {name!r}",
            hint=did_you_mean(name, names) or f"There are: {', '.join(names)}.",
        )
    credentials: dict[str, Any] = {}
    more: dict[str, Any] = {}
    fields: dict[str, Any] = entry["credentials"].get("properties", {})
    configuration: dict[str, Any] = entry.get("configuration") or {}
    options: dict[str, Any] = configuration.get("properties", {})
    for text in values:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"expected KEY=VALUE, found {text!r}")
        if key in fields:
            credentials[key] = _typed(key, value, fields[key])
        elif key in options:
            more[key] = _typed(key, value, options[key])
        elif kind == "email" and key.startswith("settings."):
            _place(more, key.removeprefix("settings.").split("."), _json_or_text(value))
        else:
            names = [*fields, *options]
            raise UsageError(
                f"expected a setting of {name}, found {key!r}",
                hint=did_you_mean(key, names) or f"There are: {', '.join(names) or 'none'}.",
            )
    _ask_for_missing(credentials, entry["credentials"])
    return _body(kind, credentials, more, options, sender)


def read_limits(numbers: Mapping[str, str | None], max_age: str | None) -> dict[str, Any]:
    """Return the body that changes limits; ``usual`` becomes null.

    Raises:
        UsageError: a value is no number, or no time.
    """
    keys = {"rate": "rate_per_s", "burst": "burst", "concurrency": "concurrency"}
    changes: dict[str, Any] = {}
    for name, text in numbers.items():
        if text is None:
            continue
        if text == "usual":
            changes[keys[name]] = None
            continue
        try:
            changes[keys[name]] = int(text) if name == "concurrency" else float(text)
        except ValueError as error:
            raise UsageError(
                f'expected a number or "usual" after --{name}, found {text!r}'
            ) from error
    if max_age == "usual":
        changes["max_age_s"] = None
    elif max_age is not None:
        try:
            changes["max_age_s"] = parse_duration(max_age).total_seconds()
        except ValueError as error:
            raise UsageError(f"--max-age: {error}") from error
    return changes


def _body(
    kind: str,
    credentials: dict[str, Any],
    more: dict[str, Any],
    options: dict[str, Any],
    sender: str | None,
) -> dict[str, Any]:
    if kind == "email":
        body: dict[str, Any] = {"credentials": credentials}
        if more:
            body["settings"] = more
        if sender:
            body["default_from_address"] = sender
        return body
    if sender:
        more["default_from"] = sender
    if "delivery_methods" in options:
        more.setdefault("delivery_methods", ["text", "voice"])
    return {"credentials": credentials, "configuration": more}


def _typed(key: str, value: str, schema: dict[str, Any]) -> Any:
    text = read_text_argument(key, value)
    kind = schema.get("type")
    if kind == "integer":
        if not text.isdecimal():
            raise UsageError(f"expected a whole number as {key}, found {text!r}")
        return int(text)
    if kind == "array":
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def read_text_argument(key: str, value: str) -> str:
    """Return *value*; of ``@FILE`` the file's text, of ``@-`` a line of standard input.

    Raises:
        UsageError: the file cannot be read.
    """
    if not value.startswith("@"):
        return value
    if value == "@-":
        return sys.stdin.readline().strip()
    try:
        return Path(value[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read the file of {key}: {getattr(error, 'strerror', '') or 'not UTF-8'}",
            at=value[1:],
        ) from error


def _ask_for_missing(credentials: dict[str, Any], schema: dict[str, Any]) -> None:
    missing: list[str] = [name for name in schema.get("required", []) if name not in credentials]
    if missing and not sys.stdin.isatty():
        raise UsageError(
            f"expected {', '.join(missing)}, found none",
            hint="Write KEY=VALUE, or KEY=@FILE so that a secret stays out of the shell's history.",
        )
    for name in missing:
        credentials[name] = _typed(
            name, click.prompt(name, hide_input=True, err=True), schema["properties"][name]
        )


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _place(target: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        target = target.setdefault(step, {})
    target[steps[-1]] = value
