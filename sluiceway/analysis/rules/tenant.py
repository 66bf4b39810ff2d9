"""SLW7xx: what a flow needs of its tenant: connections, scopes, providers, calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.analysis.findings import Finding, Rule, RuleFamily, Severity
from sluiceway.analysis.scopes import needed_scopes
from sluiceway.models.json_text import did_you_mean
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.facts import ConnectionFacts
    from sluiceway.analysis.view import FlowView, Step

__all__ = ["FAMILY", "calls_per_run"]

_ERROR: Final = Severity.ERROR
_CHANNELS: Final = {
    "SEND_EMAIL": Channel.EMAIL,
    "SEND_SMS": Channel.SMS,
    "MAKE_CALL": Channel.CALL,
}
_NAMES: Final = {
    Channel.EMAIL: "email provider",
    Channel.SMS: "phone provider for text messages",
    Channel.CALL: "phone provider for calls",
}


def check(view: FlowView) -> Iterator[Finding]:
    """Yield what the tenant does not have, as far as that is known."""
    for step in view.steps:
        yield from _check_connection(view, step)
        channel = _CHANNELS.get(step.action) if step.type == "AUTH0" else None
        if channel is not None and view.facts.providers.get(channel) is False:
            yield step.finding(
                "SLW704",
                _ERROR,
                f"the tenant has no {_NAMES[channel]} that is enabled: the step fails",
                at=f"{step.at}/action",
                hint="Set one up, and enable it.",
            )
    yield from _check_calls(view)


def _check_connection(view: FlowView, step: Step) -> Iterator[Finding]:
    connections, name = view.facts.connections, step.params.get("connection_id")
    if connections is None or not isinstance(name, str) or "{{" in name:
        return
    at = f"{step.at}/params/connection_id"
    found = connections.get(name)
    if found is None:
        yield step.finding(
            "SLW702",
            _ERROR,
            f"there is no vault connection {name!r}",
            at=at,
            hint=did_you_mean(name, connections)
            or f"There are: {', '.join(sorted(connections)) or 'none'}.",
        )
        return
    if step.type != found.app_id and step.type not in {"FLOW", "OTP"}:
        yield step.finding(
            "SLW703",
            _ERROR,
            f"{step.name} needs a connection of app {step.type}, and {found.name!r} is of "
            f"{found.app_id}",
            at=at,
            hint=f"Choose a connection of app {step.type}.",
        )
        return
    yield from _check_scopes(step, found, at)


def _check_scopes(step: Step, connection: ConnectionFacts, at: str) -> Iterator[Finding]:
    if connection.scopes is None or step.spec is None:
        return
    missing = [scope for scope in needed_scopes(step) if scope not in connection.scopes]
    if missing:
        yield step.finding(
            "SLW701",
            _ERROR,
            f"{step.name} needs {', '.join(missing)}, which the client of {connection.name!r} "
            "was not granted",
            at=at,
            hint=f"Grant {', '.join(missing)} to the client, on the Management API.",
        )


def calls_per_run(steps: list[Step]) -> int:
    """Return the most Management API calls that one run of *steps* makes."""
    total = 0
    for step in steps:
        if step.type == "AUTH0" and not step.is_notification:
            total += 1
        if step.branches:
            total += max(calls_per_run(branch) for branch in step.branches.values())
        if step.ends_flow:
            break
    return total


def _check_calls(view: FlowView) -> Iterator[Finding]:
    limit = view.facts.rate_limit
    if limit is None:
        return
    rate, burst = limit
    calls = calls_per_run(view.top)
    if calls > burst:
        wait = (calls - burst) / rate
        yield Finding(
            code="SLW705",
            severity=Severity.WARNING,
            message=f"a run makes up to {calls} Management API calls, the tenant takes {burst} at "
            f"once and {rate:g} a second: it waits {wait:.1f} s or more",
            at=view.actions_at,
            hint="Combine updates of the same user into one action.",
        )


FAMILY: Final = RuleFamily(
    name="tenant",
    title="Tenant",
    check=check,
    rules=(
        Rule(
            code="SLW701",
            title="Missing scope",
            severity=_ERROR,
            meaning="The client of the vault connection was not granted a scope that the action "
            "needs: the Management API answers 403. Grants are known from a deploy-cli folder's "
            "`grants`, from `[check.connections]` in sluiceway.toml, or with `--tenant`.",
            fix="Grant the scope to the client.",
        ),
        Rule(
            code="SLW702",
            title="Unknown vault connection",
            severity=_ERROR,
            meaning="The container (or the tenant, with `--tenant`) has no connection of this "
            "token, name or id.",
            fix="Correct the name, or add the connection.",
        ),
        Rule(
            code="SLW703",
            title="Vault connection of another app",
            severity=_ERROR,
            meaning="The action needs the credentials of another app: the step fails.",
            fix="Choose a connection of the action's own app.",
        ),
        Rule(
            code="SLW704",
            title="Missing provider",
            severity=_ERROR,
            meaning="The tenant has no provider set up and enabled for this kind of message.",
            fix="Set one up, and enable it.",
        ),
        Rule(
            code="SLW705",
            title="More calls than the tenant takes at once",
            severity=Severity.WARNING,
            meaning="A run makes more Management API calls than the tenant's burst, so that it "
            "waits, and batches are slow. The limit is `[check] management_api_limit` in "
            "sluiceway.toml, like `2/s:2`.",
            fix="Combine updates of the same user into one action.",
        ),
    ),
)
