"""Check flows: every rule family over every flow, findings placed in their files.

Pure: no network, no database. What is known beside a flow comes as ``Facts``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from sluiceway.analysis.facts import ConnectionFacts, Facts, form_uses, read_form
from sluiceway.analysis.findings import Finding, Rule, RuleFamily, Severity
from sluiceway.analysis.positions import JsonPositions
from sluiceway.analysis.repeated_keys import REPEATED, find_repeated_keys
from sluiceway.analysis.scopes import scopes_by_connection
from sluiceway.analysis.silence import Silence, heard
from sluiceway.analysis.view import FlowView
from sluiceway.extensions import discover, discover_entry_points
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sluiceway.actions.catalogue import ActionCatalogue
    from sluiceway.analysis.facts import FormFacts
    from sluiceway.analysis.sources import FlowSource, SourceFile, Sources
    from sluiceway.errors import DefinitionError
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "UNREADABLE",
    "Checked",
    "all_rules",
    "check_flow",
    "check_sources",
    "rule_families",
    "unreadable",
]

ENTRY_POINT_GROUP: Final = "sluiceway.rules"
_PLACE: Final = re.compile(r"(.*):(\d+):(\d+)", re.DOTALL)
_WORD: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|[\w.$\[\]'-]+")

UNREADABLE: Final = Rule(
    code="SLW100",
    title="File that cannot be read",
    severity=Severity.ERROR,
    meaning="The file is no JSON, or holds no flow.",
    fix="Correct the file at the place that the message names.",
)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One flow and what was found; *scopes* is what each connection's client must be granted."""

    source: FlowSource
    findings: list[Finding]
    scopes: dict[str, list[str]] = msgspec.field(default_factory=dict[str, "list[str]"])


@cache
def rule_families() -> tuple[RuleFamily, ...]:
    """Return the families of this package, then those of other distributions."""
    own = [found for _, found in discover("sluiceway.analysis.rules", "FAMILY", RuleFamily)]
    return (*own, *(found for _, found in discover_entry_points(ENTRY_POINT_GROUP, RuleFamily)))


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by code."""
    rules = [UNREADABLE, REPEATED, *(rule for family in rule_families() for rule in family.rules)]
    return tuple(sorted(rules, key=lambda rule: rule.code))


def check_flow(
    document: JsonValue,
    catalogue: ActionCatalogue,
    *,
    name: str = "",
    facts: Facts | None = None,
    file: JsonValue = None,
) -> list[Finding]:
    """Return what is found in one flow, in document order; pointers are into *document*.

    Args:
        document: ``{name, actions}`` or a list of actions.
        catalogue: the actions there are.
        name: what to call the flow where it has no name.
        facts: what is known beside it.
        file: the document of the whole file, where it may silence codes.
    """
    view = FlowView(document, catalogue, name=name, facts=facts)
    return _check_view(view, file)


def _check_view(view: FlowView, file: JsonValue) -> list[Finding]:
    found = [finding for family in rule_families() for finding in family.check(view)]
    order = {step.at: step.number for step in view.steps}
    named = (replace(finding, flow=view.name) for finding in heard(found, view, file))
    return sorted(named, key=lambda finding: (_number(finding.at, order), finding.code))


def _number(at: str, order: Mapping[str, int]) -> int:
    """Return the number of the action that *at* is in, so that findings are in document order."""
    pointer = at
    while pointer:
        if pointer in order:
            return order[pointer]
        pointer = pointer.rpartition("/")[0]
    return -1


def unreadable(error: DefinitionError) -> Finding:
    """Return what to report of a file that cannot be read; its place is in the error's ``at``."""
    found = _PLACE.fullmatch(error.at)
    line, column = (int(found[2]), int(found[3])) if found else (0, 0)
    return Finding(
        code=UNREADABLE.code,
        severity=UNREADABLE.severity,
        message=error.message,
        at="",
        hint=error.hint or "Correct the file.",
        file=found[1] if found else error.at,
        line=line,
        column=column,
        end_column=column + 1,
    )


def check_sources(
    sources: Sources,
    catalogue: ActionCatalogue,
    *,
    facts: Facts | None = None,
    silence: Silence | None = None,
) -> list[Checked]:
    """Check every flow of one container, its forms and connections in mind.

    Args:
        sources: the container.
        catalogue: the actions there are.
        facts: what is known besides; what the container itself says comes first.
        silence: what not to report.
    """
    given = facts or Facts()
    checked: list[Checked] = []
    read: set[str] = set()
    for source in sources.flows:
        own = _facts_of(source, sources, given)
        view = FlowView(source.document, catalogue, name=source.name, facts=own)
        found = [
            replace(finding.moved(source.at), file=source.file.path)
            for finding in _check_view(view, source.file.document)
        ]
        found = [finding for finding in found if not _is_silent(finding, silence)]
        if source.is_embedded:
            found = [replace(finding, edit=None) for finding in found]
        placed = place_findings(found, source.file)
        if source.file.path not in read:
            read.add(source.file.path)
            repeated = find_repeated_keys(source.file)
            placed = [*(one for one in repeated if not _is_silent(one, silence)), *placed]
        checked.append(Checked(source=source, findings=placed, scopes=scopes_by_connection(view)))
    return checked


def _is_silent(finding: Finding, silence: Silence | None) -> bool:
    return silence is not None and silence.silences(finding)


def place_findings(findings: Iterable[Finding], file: SourceFile) -> list[Finding]:
    """Return *findings* with their line and column in *file*."""
    waiting = list(findings)
    if not waiting:
        return []
    positions = JsonPositions(file.text)
    return [_placed(finding, positions) for finding in waiting]


def _placed(finding: Finding, positions: JsonPositions) -> Finding:
    span = positions.key(finding.at) if finding.on_key else None
    span = span or positions.nearest(finding.at)
    start, end = span.start, span.end
    inside = positions.inside(finding.at, *finding.inner) if finding.inner is not None else None
    if inside is not None:
        word = _WORD.match(positions.text, inside, end)
        start, end = inside, word.end() if word else end
    line, column = positions.place(start)
    last = len(positions.line(line)) + 1
    end_line, end_column = positions.place(end)
    return replace(
        finding,
        line=line,
        column=column,
        end_column=max(column + 1, end_column if end_line == line else last),
    )


def _facts_of(source: FlowSource, sources: Sources, given: Facts) -> Facts:
    connections = given.connections
    if sources.connections is not None:
        granted = _granted_scopes(sources)
        connections = {
            **(given.connections or {}),
            **{
                token: _connection(stub.name, stub.app_id, given, granted)
                for token, stub in sources.connections.items()
            },
        }
    return replace(
        given,
        form=given.form or _form_of(source, sources),
        vars_set=given.vars_set | _vars_of(sources),
        connections=connections,
        providers={**_providers_of(sources), **given.providers},
    )


def _providers_of(sources: Sources) -> dict[Channel, bool]:
    """Return which providers a deploy-cli folder has; nothing where it manages none."""
    found: dict[Channel, bool] = {}
    email = sources.documents.get("emails/provider")
    if isinstance(email, dict):
        found[Channel.EMAIL] = bool(email.get("name")) and email.get("enabled") is not False
    phones = [
        document
        for key, document in sources.documents.items()
        if key.startswith("phone-providers/") and isinstance(document, dict)
    ]
    for channel, method in ((Channel.SMS, "text"), (Channel.CALL, "voice")):
        if phones:
            found[channel] = any(_delivers(phone, method) for phone in phones)
    return found


def _delivers(phone: JsonObject, method: str) -> bool:
    configuration = phone.get("configuration")
    methods = configuration.get("delivery_methods") if isinstance(configuration, dict) else None
    is_offered = isinstance(methods, list) and method in methods
    return phone.get("disabled") is not True and (is_offered or methods is None)


def _connection(
    name: str, app_id: str, given: Facts, granted: Mapping[str, frozenset[str]]
) -> ConnectionFacts:
    known = (given.connections or {}).get(name)
    scopes = known.scopes if known is not None else granted.get(name)
    return ConnectionFacts(name=name, app_id=app_id, scopes=scopes)


def _granted_scopes(sources: Sources) -> dict[str, frozenset[str]]:
    """Return by connection what a deploy-cli folder's grants give the client of its setup."""
    grants: dict[str, frozenset[str]] = {}
    for key, document in sources.documents.items():
        if key.startswith("grants/") and isinstance(document, dict):
            audience, scopes = str(document.get("audience")), document.get("scope")
            if audience.endswith("/api/v2/") and isinstance(scopes, list):
                grants[str(document.get("client_id"))] = frozenset(map(str, scopes))
    found: dict[str, frozenset[str]] = {}
    for key, document in sources.documents.items():
        setup = document.get("setup") if isinstance(document, dict) else None
        if key.startswith("flow-vault-connections/") and isinstance(setup, dict):
            client = str(setup.get("client_id"))
            if isinstance(document, dict) and client in grants:
                found[str(document.get("name"))] = grants[client]
    return found


def _form_of(source: FlowSource, sources: Sources) -> FormFacts | None:
    """Return the fields of the forms that run this flow."""
    found: FormFacts | None = None
    for form in sources.forms:
        uses = form_uses(form)
        facts = read_form(form)
        if facts is not None and {source.token, source.name} & uses:
            found = facts if found is None else found.merged(facts)
    return found


def _vars_of(sources: Sources) -> frozenset[str]:
    """Return the names that any flow of the container stores: a form's flows share their vars."""
    names: set[str] = set()
    waiting: list[JsonValue] = [source.document for source in sources.flows]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            names.update(_stored(value))
            waiting.extend(value.values())
    return frozenset(names)


def _stored(action: JsonObject) -> list[str]:
    params = action.get("params") if action.get("action") == "STORE_VARS" else None
    stored = params.get("vars") if isinstance(params, dict) else None
    return [*stored] if isinstance(stored, dict) else []
