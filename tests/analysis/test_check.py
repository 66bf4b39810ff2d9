"""What the rules find, and what they leave alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sluiceway.actions.catalogue import InstalledActions
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.analysis.check import all_rules, check_flow, check_sources
from sluiceway.analysis.facts import ConnectionFacts, Facts, FormFacts
from sluiceway.analysis.findings import Finding, Severity
from sluiceway.analysis.reference_page import findings_page
from sluiceway.analysis.settings import read_check_settings
from sluiceway.analysis.sources import parse_source, read_sources
from sluiceway.errors import UsageError
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.message import Channel
from tests.analysis.cases import action, email, error, get, store, update, when
from tests.pace import budget

CATALOGUE = InstalledActions()
ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
DEEP: dict[str, Any] = when("{{vars.a}}", id_="deep_0")
for _number in range(1, 60):
    DEEP = when("{{vars.a}}", id_=f"deep_{_number}", then=[DEEP])


def find(*actions: Any, facts: Facts | None = None) -> list[Finding]:
    return check_flow({"name": "f", "actions": list(actions)}, CATALOGUE, facts=facts)


def codes(*actions: Any, facts: Facts | None = None) -> list[str]:
    return [finding.code for finding in find(*actions, facts=facts)]


def form(*, complete: bool = True, **fields: bool) -> Facts:
    return Facts(form=FormFacts(fields=fields, is_complete=complete))


def inputs(**roots: Any) -> Facts:
    return Facts(inputs=ExecutionInput(**roots))


LOCAL = {"local": ConnectionFacts(name="local", app_id="AUTH0", scopes=frozenset({"read:users"}))}
NO_MAIL = Facts(providers={Channel.EMAIL: False})
ALIASED = get("get_user_x1Yz", alias="Get the user")

WRONG: list[tuple[str, str, list[Any], Facts | None, str]] = [
    ("a key too many", "SLW101", [{**store(), "notes": "x"}], None, "/actions/0/notes"),
    ("a flag that is text", "SLW101", [{**store(), "mask_output": "no"}], None, "…/mask_output"),
    ("no params", "SLW101", [{"id": "a", "type": "FLOW", "action": "STORE_VARS"}], None, ""),
    ("a step that is text", "SLW101", ["text"], None, "/actions/0"),
    ("an id twice, once nested", "SLW102", [store("a"), when("{{vars.a}}", then=[store("a")])],
     None, "/actions/1/params/then/0/id"),
    ("an unknown action", "SLW103", [action("AUTH0/VERIFY_OTP")], None, "/actions/0/action"),
    ("a param of the wrong type", "SLW104", [get() | {"params": {"connection_id": 1}}], None, ""),
    ("a param too many", "SLW104", [error() | {"params": {"message": "x", "title": "y"}}], None,
     "/actions/0/params/title"),
    ("a subject over the limit", "SLW105", [email(subject="x" * 256)], None, "…/subject"),
    ("a message over the limit", "SLW105", [error(message="x" * 2049)], None, "…/message"),
    ("an unknown operator", "SLW106", [when("{{vars.a}}", 1, operator="IS")], None, "…/operator"),
    ("an action behind the end", "SLW107", [error(), store()], None, "/actions/1"),
    ("behind two ending branches", "SLW107",
     [when("{{vars.a}}", then=[error("x")], otherwise=[error("y")]), store()], None, "/actions/1"),
    ("an action only Auth0 runs", "SLW108", [action("/".join(min(NOT_OFFERED)))], None, ""),
    ("too deep", "SLW109", [DEEP], None, ""),
    ("no connection", "SLW111", [{**get(), "params": {"user_id": "u"}}], None, "/actions/0/params"),
    ("no id", "SLW110", [{"type": "FLOW", "action": "DO_NOTHING"}], None, "/actions/0"),
    ("an unknown step", "SLW201", [store(a="{{actions.gone.status}}")], None, "…/vars/a"),
    ("an alias", "SLW202", [ALIASED, store(a="{{actions.get_the_user.status}}")], None, ""),
    ("a later step", "SLW203", [store(a="{{actions.get.status}}"), get()], None, ""),
    ("the step itself", "SLW203", [store("s", a="{{actions.s.x}}")], None, ""),
    ("a skipped step", "SLW204",
     [when("{{vars.a}}", then=[get()]), store(a="{{actions.get.status}}")], None, ""),
    ("the other branch", "SLW204",
     [when("{{vars.a}}", then=[get()], otherwise=[store(a="{{actions.get.status}}")])], None, ""),
    ("a soft failure", "SLW205",
     [get(allow_failure=True), store(a="{{actions.get.status}}")], None, ""),
    ("an unknown key", "SLW206", [get(), store(a="{{actions.get.email}}")], None, ""),
    ("a key of a number", "SLW206", [get(), store(a="{{actions.get.status.x}}")], None, ""),
    ("an unknown root", "SLW207", [store(a="{{user.email}}")], None, ""),
    ("a field the form lacks", "SLW208", [store(a="{{fields.nam}}")], form(name=True), ""),
    ("a field the input lacks", "SLW208", [store(a="{{fields.nam}}")], inputs(fields={}), ""),
    ("a misspelt variable", "SLW209", [store(plan_name=1), store("b", a="{{vars.plan_nam}}")],
     None, ""),
    ("a variable the input lacks", "SLW209", [store(a="{{vars.other}}")], inputs(), ""),
    ("misspelt context", "SLW210", [store(a="{{context.user.emial}}")], None, ""),
    ("an operator", "SLW301", [store(a="{{fields.a || fields.b}}")], None, ""),
    ("an unknown function", "SLW302", [store(a="{{functions.toUper(fields.a)}}")], None, ""),
    ("too few arguments", "SLW303", [store(a="{{functions.split(fields.a)}}")], None, ""),
    ("an uncalled function", "SLW304", [store(a="{{functions.uuid}}")], None, ""),
    ("a number as recipient", "SLW305", [email(to="{{functions.toTimestamp()}}")], None, "…/to"),
    ("true against a number", "SLW306", [get(), when("{{actions.get.success}}", "200")], None, ""),
    ("no expression", "SLW307", [when("fields.plan", "gold")], None, ""),
    ("a filter", "SLW308", [store(a="{{ fields.a | upcase }}")], None, ""),
    ("a tag", "SLW308", [error(message="{% if true %}No{% endif %}")], None, ""),
    ("quotes in a comparison", "SLW401", [when("{{fields.a}}", '"https://a.example/"')], None, ""),
    ("quotes in a value", "SLW401", [update(name="'Ada'")], None, "…/changes/name"),
    ("an optional field", "SLW402", [update(user_metadata={"a": "{{fields.a}}"})], form(a=False),
     "…/user_metadata/a"),
    (
        "filter in an if",
        "SLW509",
        [email(body="{% if tenant | upcase == 'A' %}{% endif %}")],
        None,
        "…/body",
    ),
    ("broken Liquid", "SLW501", [email(body="{% if a %}")], None, "…/body"),
    ("an unknown tag", "SLW502", [email(body="{% fi a %}")], None, ""),
    ("an unknown filter", "SLW503", [email(body="{{ user.user_id | upcse }}")], None, ""),
    ("an unknown variable", "SLW504", [email(subject="{{ usr.name }}")], None, "…/subject"),
    ("an unset custom variable", "SLW505", [email(subject="{{ custom_vars.code }}")], None, ""),
    ("unescaped input", "SLW506", [email(body="<p>{{ user.name }}</p>")], None, ""),
    ("an expression in a subject", "SLW507", [email(subject="{{fields.name}}")], None, ""),
    ("a function in a body", "SLW507", [email(body="{{ functions.now() }}")], None, ""),
    ("an unused custom variable", "SLW508", [email(custom_vars={"a": 1})], None, "…/a"),
    ("a key", "SLW601", [store(a="sk_live_abcdefghijklmnop")], None, ""),
    ("a bearer header", "SLW601",
     [action("AUTH0/SEND_REQUEST", connection_id="local", pathname="/api/v2/roles",
             headers={"authorization": "Bearer abcdefghijklmnop"})], None, "…/authorization"),
    ("a password by name", "SLW601", [store(client_secret="hunter2")], None, ""),
    ("a secret of vars", "SLW602", [store(a="{{vars.client_secret}}")], None, ""),
    ("a token in an output", "SLW602", [get(), store(a="{{actions.get.body.access_token}}")],
     None, "/actions/0"),
    ("credentials to any host", "SLW604",
     [action("HTTP/SEND_REQUEST", "call", url="https://{{vars.host}}/a", connection_id="Api",
             method="GET")], Facts(vars_set=frozenset({"host"})), "/params/url"),
    ("a code that is sent", "SLW603",
     [action("OTP/GENERATE_CODE", "otp", reference="r", length=6),
      email(subject="{{ custom_vars.c }}", custom_vars={"c": "{{actions.otp.code}}"})], None, ""),
    ("a missing scope", "SLW701", [update(name="x")], Facts(connections=LOCAL), ""),
    ("a missing connection", "SLW702", [get()], Facts(connections={}), "…/connection_id"),
    ("another app's connection", "SLW703", [get()],
     Facts(connections={"local": ConnectionFacts(name="x", app_id="HTTP")}), ""),
    ("no provider", "SLW704", [email()], NO_MAIL, "/actions/0/action"),
    ("too many calls", "SLW705", [get("a"), get("b"), get("c")], Facts(rate_limit=(2.0, 2)), ""),
]  # fmt: skip

RIGHT: list[tuple[str, list[Any], Facts | None]] = [
    ("a default behind a skipped step",
     [when("{{vars.a}}", then=[get()]), store(a="{{actions.get.status ?? 0}}")], None),
    ("a branch that ends the flow",
     [when("{{vars.a}}", then=[error()], otherwise=[get()]), store(a="{{actions.get.status}}")],
     None),
    ("a condition that asks first",
     [get(allow_failure=True),
      when("{{actions.get.success}}", then=[store(a="{{actions.get.status}}")])], None),
    ("what a failure leaves",
     [get(allow_failure=True), store(a="{{actions.get.error.code}}")], None),
    ("a condition read inside its branch",
     [when("{{vars.a}}", then=[store(a="{{actions.if.result}}")])], None),
    ("a number against its text", [get(), when("{{actions.get.status}}", "200")], None),
    ("true against its text", [get(), when("{{actions.get.success}}", "true")], None),
    ("free text in a body", [get(), store(a="{{actions.get.body.anything.at.all}}")], None),
    ("an incomplete form", [store(a="{{fields.other}}")], form(complete=False, name=True)),
    ("a required field", [update(user_metadata={"a": "{{fields.a}}"})], form(a=True)),
    ("a default in metadata", [update(user_metadata={"a": "{{fields.a ?? ''}}"})], form(a=False)),
    ("a boolean in metadata", [update(user_metadata={"a": True, "b": None})], None),
    ("an escaped name", [email(body="<p>{{ user.name | escape }}</p>")], None),
    ("a code in HTML",
     [email(body="{{ custom_vars.n }}", custom_vars={"n": "{{functions.toNumber(fields.n)}}"})],
     None),
    ("a placeholder", [store(client_secret="##CLIENT_SECRET##")], None),
    ("a masked secret", [store(a="{{functions.mask(vars.client_secret)}}")], None),
    ("a masked output",
     [get(mask_output=True), store(a="{{actions.get.body.access_token}}")], None),
    ("an expression over a limit", [email(to="{{fields.a}}" + " " * 300)], None),
    ("a granted scope", [get()], Facts(connections=LOCAL)),
    ("calls in either branch",
     [when("{{vars.a}}", then=[get("a"), get("b")], otherwise=[get("c")])],
     Facts(rate_limit=(2.0, 2))),
    ("a variable from outside", [store(a="{{vars.client_id}}")], None),
    ("the bare root", [store(a="{{vars}}", b="{{actions}}")], None),
    ("quotes inside a text", [when("{{fields.a}}", 'say "yes"')], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "actions", "facts", "at"),
    [pytest.param(*case[1:], id=f"{case[1]} {case[0]}") for case in WRONG],
)
def test_what_is_wrong_is_found(
    code: str, actions: list[Any], facts: Facts | None, at: str
) -> None:
    found = [finding for finding in find(*actions, facts=facts) if finding.code == code]

    assert found
    assert all(finding.message and finding.hint for finding in found)
    assert any(finding.at.endswith(at.removeprefix("…")) for finding in found)


@pytest.mark.parametrize(
    ("actions", "facts"), [pytest.param(*case[1:], id=case[0]) for case in RIGHT]
)
def test_what_is_right_is_left_alone(actions: list[Any], facts: Facts | None) -> None:
    found = find(*actions, facts=facts)

    assert [f.code for f in found if f.severity is not Severity.INFO] == []


def test_every_rule_has_a_case() -> None:
    assert {rule.code for rule in all_rules()} - {case[1] for case in WRONG} == {"SLW100", "SLW112"}


def test_a_key_written_twice_is_told_at_its_second_place() -> None:
    step = '{"id": "a", "type": "FLOW", "action": "DO_NOTHING", "id": "b", "params": {}}'
    sources = parse_source(f"[\n {step}\n]".encode(), "flow.json", "flow")

    (checked,) = check_sources(sources, InstalledActions())

    found = [f for f in checked.findings if f.code == "SLW112"]
    assert [(f.at, f.line, f.column) for f in found] == [("/0/id", 2, 54)]


def test_every_code_is_listed_once_and_described() -> None:
    rules = all_rules()

    assert len({rule.code for rule in rules}) == len(rules)
    assert all(rule.title and rule.meaning and rule.fix for rule in rules)


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "reference" / "findings.md").read_text(encoding="utf-8")

    assert page == findings_page(), "run: python -m sluiceway.analysis.reference_page"


def test_the_certain_case_is_an_error_and_the_possible_one_a_warning() -> None:
    maybe = find(when("{{vars.a}}", then=[get()]), store(a="{{actions.get.status}}"))
    never = find(when("{{vars.a}}", then=[get()], otherwise=[store(a="{{actions.get.status}}")]))

    assert [f.severity for f in maybe if f.code == "SLW204"] == [Severity.WARNING]
    assert [f.severity for f in never if f.code == "SLW204"] == [Severity.ERROR]


def test_a_near_name_is_offered() -> None:
    (found,) = [f for f in find(get(), store(a="{{actions.gte.status}}")) if f.code == "SLW201"]

    assert found.hint == "Did you mean 'get'?"


def test_scopes_of_custom_requests_are_known() -> None:
    client = ConnectionFacts(name="m2m", app_id="AUTH0", scopes=frozenset({"read:users"}))
    facts = Facts(connections={"local": client})
    path = "/api/v2/users/{{ functions.encodeURIComponent(context.user.user_id) }}/roles"
    request = action("AUTH0/SEND_REQUEST", connection_id="local", pathname=path, method="GET")

    (found,) = find(request, facts=facts)

    assert found.code == "SLW701"
    assert "read:roles" in found.message
    assert "read:users" not in found.message


def test_the_file_silences_codes_for_all_or_for_one_action() -> None:
    steps = [store("a", x="{{user.a}}"), store("b", x="{{user.b}}", y="{{other.c}}")]
    flow = {"name": "f", "actions": steps, "$sluiceway": {"ignore": ["SLW207 b"]}}

    assert [f.step for f in check_flow(flow, CATALOGUE)] == ["a"]
    flow["$sluiceway"] = {"ignore": ["SLW207"]}
    assert check_flow(flow, CATALOGUE) == []


def test_an_alias_silences_codes_for_its_action() -> None:
    assert codes({**store(x="{{user.a}}"), "alias": "Odd, but meant (ignore SLW207)"}) == []


def test_the_settings_silence_codes_by_file() -> None:
    settings = read_check_settings({"per-file-ignores": {"old/*.json": ["slw207"]}})
    data = b'[{"id":"a","type":"FLOW","action":"STORE_VARS","params":{"vars":{"x":"{{user.a}}"}}}]'

    def check(path: str) -> list[str]:
        sources = parse_source(data, path, "f")
        (checked,) = check_sources(sources, CATALOGUE, silence=settings.silence)
        return [finding.code for finding in checked.findings]

    assert check("flows/old/a.json") == []
    assert check("flows/new/a.json") == ["SLW207"]


@pytest.mark.parametrize(
    "table",
    [{"ignored": []}, {"ignore": ["E501"]}, {"level": "high"}, {"management_api_limit": "fast"}],
    ids=lambda table: next(iter(table)),
)
def test_wrong_settings_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        read_check_settings(table)


@pytest.mark.shared
@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared is not there")
def test_real_flows_are_checked_quickly_and_only_real_errors_are_found() -> None:
    expected = {
        # A stub by hand: an action that does not exist.
        "marlo_verify_email_stub.json": {"SLW103", "SLW104"},
    }
    check_flow([], CATALOGUE)  # imports the rules
    CATALOGUE.all()
    for path in sorted(CORPUS.glob("*.json")):
        began = time.process_time()
        checked = [one for s in read_sources(path) for one in check_sources(s, CATALOGUE)]
        took = time.process_time() - began
        errors = {
            finding.code
            for one in checked
            for finding in one.findings
            if finding.severity is Severity.ERROR
        }
        assert errors == expected.get(path.name, set()), path.name
        assert took < budget(0.05) * max(1, len(checked)), path.name
