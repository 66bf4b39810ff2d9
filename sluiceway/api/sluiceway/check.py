"""``/sluiceway/v1/check``, ``/rules`` and ``/diff``: flows looked at without running them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.analysis.check import all_rules, check_sources
from sluiceway.analysis.diff_report import as_json, as_lines, as_markdown, compare_sets
from sluiceway.analysis.facts import ConnectionFacts, Facts
from sluiceway.analysis.findings import Finding, Severity
from sluiceway.analysis.package_files import package_of
from sluiceway.analysis.packages import flows_of
from sluiceway.analysis.sources import parse_source
from sluiceway.api.route import Call, Route
from sluiceway.errors import DefinitionError, ProviderError
from sluiceway.management.clients import granted_scopes
from sluiceway.management.fields import OPEN, closed
from sluiceway.management.provider_directory import TenantProviders
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.message import Channel
from sluiceway.providers.choice import Providers

if TYPE_CHECKING:
    from sluiceway.analysis.sources import Sources
    from sluiceway.api.services import Services
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_FLOW: Final[JsonObject] = {
    "type": ["object", "array"],
    "description": "A flow, a list of actions, a Dashboard export, or Terraform's JSON.",
}
_CHECK: Final = closed(
    {
        "flow": _FLOW,
        "input": {**OPEN, "description": "Sample input: context, fields, vars."},
        "tenant": {
            "type": "boolean",
            "description": "Look at the vault, its grants and the providers, too; true by default.",
        },
    },
    "flow",
)
_DIFF: Final = closed({"before": _FLOW, "after": _FLOW}, "before", "after")
_PAGE: Final = 100


async def _check(call: Call) -> JsonObject:
    """Findings point into the flow that was sent; lines count in its JSON indented by two."""
    body: Any = call.body
    given: Any = body.get("input") or {}
    facts = Facts(
        inputs=ExecutionInput(
            context=given.get("context") or {},
            fields=given.get("fields") or {},
            vars=given.get("vars") or {},
        )
        if given
        else None
    )
    try:
        sources = _sources(body["flow"], "flow")
    except DefinitionError as error:
        return {"findings": [_unreadable(error).as_json()], "scopes": {}}
    if body.get("tenant", True):
        facts = await _tenant_facts(call.services, facts)
    checked = check_sources(sources, call.services.need_actions(), facts=facts)
    scopes: dict[str, set[str]] = {}
    for one in checked:
        for name, needed in one.scopes.items():
            scopes.setdefault(name, set()).update(needed)
    listed: JsonObject = {name: [*sorted(needed)] for name, needed in scopes.items()}
    found: list[JsonValue] = [
        {**finding.as_json(), "edit": _edit(finding)} for one in checked for finding in one.findings
    ]
    return {"findings": found, "scopes": listed}


def _edit(finding: Finding) -> JsonValue:
    edit = finding.edit
    return {"pointer": edit.pointer, "value": edit.value} if edit else None


def _unreadable(error: DefinitionError) -> Finding:
    return Finding(
        code="SLW100", severity=Severity.ERROR, message=error.message, at="", hint=error.hint
    )


def _sources(document: JsonValue, name: str) -> Sources:
    return parse_source(msgspec.json.format(msgspec.json.encode(document), indent=2), "", name)


async def _tenant_facts(services: Services, facts: Facts) -> Facts:
    environment = services.tenant.environment
    connections: dict[str, ConnectionFacts] = {}
    vault = services.connections
    offset = 0
    found = [*vault.built_in] if vault is not None else []
    while vault is not None and (page := await vault.list(offset=offset, limit=_PAGE)):
        found += page
        offset += len(page)
    for one in found:
        opened = await vault.find(one.id) if vault is not None else None
        setup = (opened or one).setup or {}
        scopes: frozenset[str] | None = None
        if setup.get("domain") == environment.domain:
            client_id = str(setup.get("client_id"))
            granted = await granted_scopes(environment, client_id, environment.audience)
            scopes = frozenset(granted or ())
        known = ConnectionFacts(name=one.name, app_id=one.app_id, scopes=scopes)
        connections[one.id] = connections[one.name] = known
    providers = Providers(TenantProviders(environment))
    has: dict[Channel, bool] = {}
    for channel in Channel:
        try:
            await providers.describe(channel)
        except ProviderError:
            has[channel] = False
        else:
            has[channel] = True
    return Facts(
        inputs=facts.inputs,
        connections=connections if vault is not None else None,
        providers=has,
        rate_limit=services.rate_limit,
    )


async def _facts(call: Call) -> JsonObject:
    facts = await _tenant_facts(call.services, Facts())
    connections: JsonObject = {
        key: {
            "name": one.name,
            "app_id": one.app_id,
            "scopes": [*sorted(one.scopes)] if one.scopes is not None else None,
        }
        for key, one in (facts.connections or {}).items()
    }
    limit = facts.rate_limit
    return {
        "connections": connections,
        "providers": {str(channel): is_there for channel, is_there in facts.providers.items()},
        "rate_limit": [*limit] if limit else None,
    }


async def _rules(_: Call) -> JsonObject:
    rules: list[JsonValue] = [
        {
            "code": rule.code,
            "title": rule.title,
            "severity": str(rule.severity),
            "meaning": rule.meaning,
            "fix": rule.fix,
            "fixable": rule.is_fixable,
        }
        for rule in all_rules()
    ]
    return {"rules": rules}


async def _diff(call: Call) -> JsonObject:
    body: Any = call.body
    changes = compare_sets(_flows(body["before"]), _flows(body["after"]))
    shown: list[JsonValue] = []
    for change in changes:
        lines: list[JsonValue] = [{"mark": mark, "text": text} for mark, text in as_lines(change)]
        shown.append({**as_json(change), "lines": lines})
    return {"flows": shown, "markdown": as_markdown(changes)}


def _flows(document: JsonValue) -> list[Flow]:
    return flows_of(package_of(_sources(document, "flow"), name="flow"))


ROUTES: Final = (
    Route(
        method="POST",
        is_pure=True,
        path="/sluiceway/v1/check",
        handle=_check,
        summary="Check a flow without saving or running it",
        scopes=("read:flows",),
        body=_CHECK,
        tag="flows",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/check/rules",
        handle=_rules,
        summary="List what checks can find",
        scopes=("read:flows",),
        tag="flows",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/check/facts",
        handle=_facts,
        summary="Say what the tenant has: connections with their scopes, providers, its limit",
        scopes=("read:flows_vault_connections",),
        tag="flows",
    ),
    Route(
        method="POST",
        is_pure=True,
        path="/sluiceway/v1/diff",
        handle=_diff,
        summary="Compare two flows by meaning",
        scopes=("read:flows",),
        body=_DIFF,
        tag="flows",
    ),
)
