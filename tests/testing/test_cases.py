"""Cases: what they can say, and that what is otherwise is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from sluiceway.errors import UsageError
from sluiceway.rehearsal.stage import Stage
from sluiceway.testing.case_files import find_case_files, load_cases
from sluiceway.testing.cases import case_schema
from sluiceway.testing.junit import junit_xml
from sluiceway.testing.runner import CaseResult, run_case
from sluiceway.testing.session import merged_coverage, new_stage, run_cases
from sluiceway.testing.snapshots import settle_snapshots, snapshot_file
from tests.pace import budget

FLOW: dict[str, Any] = {
    "name": "Save",
    "actions": [
        {
            "id": "get",
            "type": "AUTH0",
            "action": "GET_USER",
            "params": {"connection_id": "M2M", "user_id": "{{context.user.user_id}}"},
        },
        {
            "id": "found",
            "type": "FLOW",
            "action": "BOOLEAN_CONDITION",
            "params": {
                "if": {"operator": "EQ", "operands": ["{{actions.get.status}}", 200]},
                "then": [
                    {
                        "id": "call",
                        "type": "HTTP",
                        "action": "SEND_REQUEST",
                        "allow_failure": True,
                        "params": {
                            "method": "POST",
                            "url": "https://api.example.com/v1/people",
                            "content_type": "JSON",
                            "payload": {"id": "{{functions.uuid()}}"},
                        },
                    },
                    {
                        "id": "mail",
                        "type": "AUTH0",
                        "action": "SEND_EMAIL",
                        "params": {
                            "to": "{{actions.get.body.email}}",
                            "subject": "Hi {{ custom_vars.n }}",
                            "body": "<p>Hi</p>",
                            "custom_vars": {"n": "{{actions.call.status ?? 'there'}}"},
                        },
                    },
                    {
                        "id": "wait",
                        "type": "FLOW",
                        "action": "DELAY_FLOW",
                        "params": {"number": 2, "units": "DAYS"},
                    },
                    {
                        "id": "store",
                        "type": "FLOW",
                        "action": "STORE_VARS",
                        "params": {"vars": {"at": "{{functions.toTimestamp()}}"}},
                    },
                ],
                "else": [
                    {
                        "id": "sorry",
                        "type": "FLOW",
                        "action": "ERROR_MESSAGE",
                        "params": {"message": "Who is that?"},
                    }
                ],
            },
        },
    ],
}
KNOWN: dict[str, Any] = {
    "context": {"user": {"user_id": "auth0|ada"}},
    "tenant": {"users": [{"user_id": "auth0|ada", "email": "ada@example.com"}]},
}


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, Callable[..., Any]]]:
    with asyncio.Runner() as runner:
        opened = new_stage()
        yield runner.run(opened.__aenter__()), runner.run
        runner.run(opened.__aexit__(None, None, None))


@pytest.fixture
def run(tmp_path: Path, stage: tuple[Stage, Callable[..., Any]]) -> Callable[..., list[CaseResult]]:
    def run_file(*cases: dict[str, Any], **more: Any) -> list[CaseResult]:
        (tmp_path / "save.json").write_text(json.dumps(FLOW), encoding="utf-8")
        file = tmp_path / "save.test.yaml"
        file.write_text(yaml.safe_dump({"cases": list(cases), **more}), encoding="utf-8")
        return [stage[1](run_case(stage[0], case)) for case in load_cases(file)]

    return run_file


RIGHT: dict[str, Any] = {
    "a known user": {
        **KNOWN,
        "clock": "2026-03-01T00:00:00Z",
        "mocks": {
            "http": [
                {
                    "request": {"url": "https://api.example.com/*", "method": "POST"},
                    "answer": {"status": 201, "body": {"ok": True}},
                }
            ]
        },
        "expect": {
            "status": "COMPLETED",
            "path": ["get", "found", "call", "mail", "wait", "store"],
            "runs": ["mail"],
            "skips": ["sorry"],
            "branches": {"found": "then"},
            "params": {"get": {"user_id": "auth0|ada"}},
            "outputs": {"call": {"status": 201, "body": {"ok": True}}, "found": {"result": True}},
            "messages": [{"channel": "email", "to": "ada@example.com", "subject": "Hi 201"}],
            "requests": [{"method": "POST", "body": {"id": "/^[0-9a-f-]{36}$/"}}],
            "tenant_calls": [{"method": "GET", "pathname": "/api/v2/users/auth0%7Cada"}],
            "vars": {"at": 1772496000},
            "tenant": {"users": [{"email": "ada@example.com"}], "user_count": 1},
        },
    },
    "an unknown user": {
        "context": {"user": {"user_id": "auth0|nobody"}},
        "expect": {
            "path": ["get", "found", "sorry"],
            "outputs": {"get": {"status": 404}},
            "output": {"message": "Who is that?"},
            "messages": [],
            "tenant": {"no_users": ["auth0|nobody"]},
        },
    },
    "a mocked step": {
        "context": KNOWN["context"],
        "mocks": {
            "steps": {
                "get": {"output": {"status": 200, "body": {"email": "x@y.example"}}},
                "call": {"error": {"code": "ERR_TARGET_TIMED_OUT", "message": "late"}},
            }
        },
        "expect": {
            "outputs": {"call": {"success": False, "error": {"code": "ERR_TARGET_TIMED_OUT"}}},
            "messages": [{"subject": "Hi there"}],
            "tenant_calls": [],
        },
    },
    "a failure": {
        **KNOWN,
        "tenant": {**KNOWN["tenant"], "providers": {"email": False}},
        "mocks": {"steps": {"call": {"output": {"status": 200}}}},
        "expect": {
            "status": "FAILED",
            "error": {"code": "ERR_PROVIDER_NOT_ENABLED", "step": "mail"},
            "messages": [],
        },
    },
    "nothing is sent without a mock": {
        **KNOWN,
        "expect": {
            "outputs": {"call": {"error": {"code": "ERR_TARGET_FORBIDDEN"}}},
            "requests": [{"url": "https://api.example.com/v1/people"}],
        },
    },
}


@pytest.mark.parametrize("case", RIGHT.values(), ids=list(RIGHT))
def test_what_is_as_expected_passes(
    run: Callable[..., list[CaseResult]], case: dict[str, Any]
) -> None:
    (result,) = run({"name": "it", **case})

    assert (result.problems, result.broken) == ([], "")
    assert result.passed


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "status": ({"status": "FAILED"}, "status: expected FAILED, found COMPLETED"),
    "path": ({"path": ["get"]}, "path: expected get\n         found get, found, sorry"),
    "runs": ({"runs": ["mail"]}, "mail was to run, it did not"),
    "skips": ({"skips": ["sorry"]}, "sorry was not to run, it did"),
    "branch": ({"branches": {"found": "then"}}, "found: expected then, found else"),
    "params": ({"params": {"get": {"user_id": "x"}}}, 'params/get/user_id: expected "x"'),
    "outputs": ({"outputs": {"get": {"status": 200}}}, "outputs/get/status: expected 200"),
    "not run": ({"outputs": {"mail": {}}}, "outputs/mail: the step did not run"),
    "output": ({"output": {"message": "/^No/"}}, 'output/message: expected "/^No/"'),
    "vars": ({"vars": {"at": 1}}, "vars/at: expected 1, found nothing"),
    "error": ({"error": {"code": "ERR_X"}}, "error: expected"),
    "messages": ({"messages": [{}]}, "messages: expected 1 item, found 0"),
    "requests": ({"requests": [{}]}, "requests: expected 1 item"),
    "calls": ({"tenant_calls": []}, "tenant_calls: expected 0 items, found 1"),
    "user": ({"tenant": {"users": [{"user_id": "auth0|x"}]}}, "tenant: expected the user"),
    "count": ({"tenant": {"user_count": 3}}, "tenant: expected 3 users, found 0"),
    "a misspelt step": ({"skips": ["mial"]}, "the flow has no step 'mial'"),
}


@pytest.mark.parametrize(("expect", "said"), WRONG.values(), ids=list(WRONG))
def test_what_is_otherwise_is_told(
    run: Callable[..., list[CaseResult]], expect: dict[str, Any], said: str
) -> None:
    (result,) = run(
        {"name": "it", "context": {"user": {"user_id": "auth0|nobody"}}, "expect": expect}
    )

    assert not result.passed
    assert any(problem.startswith(said) for problem in result.problems), result.problems


def test_a_flow_that_fails_unexpectedly_says_why(run: Callable[..., list[CaseResult]]) -> None:
    (result,) = run({"name": "no user id"})

    assert "ERR_INVALID_ACTION_PARAMS" in result.problems[0]
    assert "/user_id" in result.problems[0]


def test_each_case_meets_a_clean_tenant_and_the_same_chance(
    run: Callable[..., list[CaseResult]],
) -> None:
    case = {**KNOWN, "mocks": {"steps": {"get": {"output": {"status": 200, "body": {}}}}}}
    expect = {"requests": [{"body": {"id": {"$any": True}}}], "tenant": {"user_count": 1}}
    results = run(
        {"name": "a", **case, "snapshot": True, "expect": {"tenant": {"user_count": 1}}},
        {"name": "b", **case, "snapshot": True, "expect": expect, "seed": 0},
        {"name": "c", **case, "snapshot": True, "seed": 1},
    )
    uuids = [json.dumps(result.snapshot)[:2000] for result in results]

    assert uuids[0] == uuids[1] != uuids[2]


def test_rows_and_defaults_are_put_in(run: Callable[..., list[CaseResult]]) -> None:
    results = run(
        {
            "name": "{status} is shown",
            "for_each": [{"status": 200, "n": 1}, {"status": 418, "n": 2}],
            "mocks": {"steps": {"call": {"output": {"status": "${status}"}}}},
            "expect": {"messages": [{"subject": "Hi ${status}"}]},
        },
        defaults=KNOWN,
    )

    assert [(result.name, result.problems) for result in results] == [
        ("200 is shown", []),
        ("418 is shown", []),
    ]


def test_a_skipped_case_is_not_run(run: Callable[..., list[CaseResult]]) -> None:
    (result,) = run({"name": "later", "skip": "not yet"})

    assert (result.skipped, result.passed, result.coverage) == ("not yet", False, None)


def test_coverage_counts_both_ways_of_a_condition(run: Callable[..., list[CaseResult]]) -> None:
    known, unknown = RIGHT["a known user"], RIGHT["an unknown user"]

    (half,) = merged_coverage(run({"name": "a", **known}))
    assert (half.percent, half.missing, half.unrun) == (50.0, ["found/else"], ["sorry"])
    (full,) = merged_coverage(run({"name": "a", **known}, {"name": "b", **unknown}))
    assert (full.percent, full.missing, full.unrun) == (100.0, [], [])


def test_a_snapshot_is_kept_compared_and_renewed(
    run: Callable[..., list[CaseResult]], tmp_path: Path
) -> None:
    case = {"name": "it", **RIGHT["an unknown user"], "snapshot": True}
    path = snapshot_file(str(tmp_path / "save.test.yaml"))

    def settle(case: dict[str, Any], **how: bool) -> list[str]:
        results = run(case)
        settle_snapshots(results, **{"update": False, "write_new": True, **how})
        return results[0].problems

    assert "there is none yet" in settle(case, write_new=False)[0]
    assert settle(case) == []
    kept = path.read_text(encoding="utf-8")
    assert "Who is that?" in kept
    assert settle(case) == []
    changed = {**case, "context": {"user": {"user_id": "auth0|other"}}, "expect": {}}
    (problem, *_) = settle(changed)
    assert problem.startswith("snapshot/")
    assert settle(changed, update=True) == []
    assert path.read_text(encoding="utf-8") != kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: [", "expected YAML"),
        ("- a", "expected a mapping"),
        ("cases: []", "length >= 1"),
        ("cases: [{name: a, expects: {}}]", "found 'expects'"),
        ("cases: [{name: a, expect: {status: DONE}}]", "invalid enum value 'DONE'"),
        ("cases: [{name: a}, {name: a}]", "found 'a' twice"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "a.test.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        load_cases(file)

    assert said in str(caught.value)
    assert caught.value.at.startswith(str(file))


def test_a_missing_flow_breaks_its_cases_only(tmp_path: Path, stage: Any) -> None:
    file = tmp_path / "gone.test.yaml"
    file.write_text("cases: [{name: a}]", encoding="utf-8")

    (case,) = load_cases(file)
    result = stage[1](run_case(stage[0], case))

    assert "cannot read the file" in result.broken


def test_the_schema_takes_what_the_reader_takes(tmp_path: Path) -> None:
    validator = jsonschema_rs.Draft202012Validator(case_schema())
    good = {"cases": [{"name": name, **case} for name, case in RIGHT.items()]}
    rows = {"cases": [{"name": "a", "seed": "${s}", "for_each": [{"s": 1}]}]}

    assert validator.is_valid(good)
    assert validator.is_valid(rows)
    assert not validator.is_valid({"cases": [{"name": "a", "expects": {}}]})


def test_junit_tells_failures_from_errors() -> None:
    results = [
        CaseResult(id="1", file="a.test.yaml", name="good"),
        CaseResult(id="2", file="a.test.yaml", name='bad & "odd" \x00', problems=["x: <1>\n  y"]),
        CaseResult(id="3", file="b.test.yaml", name="broken", broken="ERR: no flow"),
        CaseResult(id="4", file="b.test.yaml", name="later", skipped="not yet"),
    ]
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - our own text  # nosec

    root = ET.fromstring(junit_xml(results))  # noqa: S314 - our own text

    assert root.attrib["failures"] == root.attrib["errors"] == root.attrib["skipped"] == "1"
    assert [len(suite) for suite in root] == [2, 2]
    assert root.find(".//failure").text == "x: <1>\n  y"  # type: ignore[union-attr]


def test_cases_are_found_beside_flows_and_below_folders(tmp_path: Path) -> None:
    for name in ("a.test.yaml", "sub/b.test.yml", "node_modules/c.test.yaml", ".x/d.test.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a.json").touch()

    assert [path.name for path in find_case_files([tmp_path])] == ["a.test.yaml", "b.test.yml"]
    assert find_case_files([tmp_path / "a.json"]) == [tmp_path / "a.test.yaml"]
    with pytest.raises(UsageError, match="found none"):
        find_case_files([tmp_path / "node_modules" / "none"])


def many(folder: Path, count: int) -> list[Any]:
    for number in range(count):
        (folder / f"f{number}.json").write_text(json.dumps(FLOW), encoding="utf-8")
        cases = [{"name": name, **RIGHT[name]} for name in ("a known user", "an unknown user")]
        file = folder / f"f{number}.test.yaml"
        file.write_text(yaml.safe_dump({"cases": cases}), encoding="utf-8")
    return [case for file in find_case_files([folder]) for case in load_cases(file)]


@pytest.mark.slow
def test_a_hundred_flows_are_tested_in_ten_seconds(tmp_path: Path) -> None:
    # The processor's time, so that other work on the machine does not count.
    began = time.process_time()
    results = run_cases(many(tmp_path, 100), jobs=1)
    took = time.process_time() - began

    assert [result.problems for result in results if not result.passed] == []
    assert len(results) == 200
    assert took < budget(10)


def test_processes_share_the_cases_and_the_order_stays(tmp_path: Path) -> None:
    cases = many(tmp_path, 3)
    told: list[str] = []

    results = run_cases(cases, jobs=2, on_result=lambda result: told.append(result.id))

    assert all(result.passed for result in results)
    assert [result.id for result in results] == told == [case.id for case in cases]
