"""Every installed action keeps the same promises; a new one is picked up by itself."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from sluiceway.actions.base import ActionSpec, Effect, OpenParams, Params
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.actions.schemas import find_invalid_params, params_schema
from sluiceway.actions.validation import find_param_problems, validate_flow
from sluiceway.engine.params import convert_params
from sluiceway.errors import InvalidActionParams
from sluiceway.models.flow import Action, Flow

CATALOGUE = InstalledActions()
SPECS = CATALOGUE.all()
TESTS = Path(__file__).parent
WIDGETS = {
    "actions",
    "choice",
    "condition",
    "connection",
    "flag",
    "group",
    "html",
    "json",
    "pairs",
    "template",
    "text",
}
NOWHERE: Any = object()
CONNECTED = {"HTTP", "JWT", "MAILJET", "SENDGRID", "SLACK", "TELEGRAM", "TWILIO", "WHATSAPP"}


@pytest.fixture(params=SPECS, ids=lambda spec: spec.name)
def spec(request: pytest.FixtureRequest) -> ActionSpec[Any]:
    found: ActionSpec[Any] = request.param
    return found


def _action(spec: ActionSpec[Any], params: dict[str, Any]) -> dict[str, Any]:
    return {"id": "step_a1b2", "type": spec.type_, "action": spec.action, "params": params}


def _problems(spec: ActionSpec[Any], params: dict[str, Any]) -> list[tuple[str, str]]:
    action = Action.from_json(_action(spec, params))
    return [(p.at, p.message) for p in find_param_problems(action, spec, at="/actions/0")]


def test_the_module_and_the_test_are_named_by_the_wire(spec: ActionSpec[Any]) -> None:
    family, name = spec.type_.lower(), spec.action.lower()

    assert spec.run.__module__ == f"sluiceway.actions.{family}.{name}"
    assert (TESTS / family / f"test_{name}.py").exists()
    assert CATALOGUE.find(spec.type_, spec.action) is spec


def test_params_are_a_json_schema_that_consoles_can_draw(spec: ActionSpec[Any]) -> None:
    schema: Any = params_schema(spec.params)

    jsonschema_rs.meta.validate(schema)
    assert schema["type"] == "object"
    closed = schema.get("additionalProperties") is False
    assert closed or issubclass(spec.params, OpenParams)
    for name, field in schema.get("properties", {}).items():
        assert field.get("title"), f"{name} has no title"
        assert field.get("x-widget") in WIDGETS, f"{name} has no widget"


def test_the_output_is_a_json_schema(spec: ActionSpec[Any]) -> None:
    jsonschema_rs.meta.validate(spec.output)
    assert "type" in spec.output


def test_it_says_what_it_does_and_where_that_is_written(spec: ActionSpec[Any]) -> None:
    assert spec.source.startswith("https://")
    assert spec.title
    assert spec.summary.endswith(".")
    assert "\n" not in spec.summary
    assert (spec.params.__doc__ or "").strip()


def test_its_effect_is_declared_for_its_example(spec: ActionSpec[Any]) -> None:
    params: Any = convert_params(spec, _without_templates(spec.example))

    assert spec.effect_of(params) in Effect
    if spec.effect_of(params) is Effect.PURE:
        assert spec.reconcile is None


def test_its_example_is_accepted_when_saved_and_when_run(spec: ActionSpec[Any]) -> None:
    flow = Flow.from_json({"name": "Example", "actions": [_action(spec, spec.example)]})

    assert validate_flow(flow, CATALOGUE) == []
    converted = convert_params(spec, _without_templates(spec.example))
    assert isinstance(converted, spec.params)


def test_an_unknown_param_is_refused_in_its_place(spec: ActionSpec[Any]) -> None:
    given = {**spec.example, "no_such_param": "{{fields.anything}}"}

    if issubclass(spec.params, OpenParams):
        converted: Any = convert_params(spec, _without_templates(given))
        assert converted.others["no_such_param"] == "ada@example.com"
        assert not set(converted.others) & set(converted.__struct_encode_fields__)
        assert _problems(spec, given) == []
        return
    ((at, message),) = _problems(spec, given)
    assert at == "/actions/0/params/no_such_param"
    assert "no_such_param" in message
    with pytest.raises(InvalidActionParams) as caught:
        convert_params(spec, _without_templates(given))
    details: Any = caught.value.details
    assert [p["path"] for p in details["invalidParams"]] == ["/no_such_param"]


def test_a_missing_param_is_named_at_the_same_time_for_saving_and_running(
    spec: ActionSpec[Any],
) -> None:
    required: Any = params_schema(spec.params).get("required", [])
    for name in required:
        given = {key: value for key, value in spec.example.items() if key != name}
        ((at, message),) = _problems(spec, given)
        assert at == "/actions/0/params"
        assert f"'{name}'" in message
        (invalid,) = find_invalid_params(spec.params, _without_templates(given))
        assert invalid.code == "ERR_MISSING_PARAM"
        assert invalid.details == {"missingProperty": name}


def test_a_template_may_stand_for_any_param_but_liquid_limits_count(spec: ActionSpec[Any]) -> None:
    schema: Any = params_schema(spec.params)
    for name in schema.get("properties", {}):
        if name in spec.branch_params or name in spec.lazy_params or name in spec.liquid_params:
            continue
        given = {**spec.example, name: "{{fields.anything}}"}
        assert _problems(spec, given) == [], name
    for name in spec.liquid_params:
        limit = schema["properties"][name]["maxLength"]
        given = {**spec.example, name: "{{ custom_vars.x }}".ljust(limit + 1)}
        assert [at for at, _ in _problems(spec, given)] == [f"/actions/0/params/{name}"]


PURE = [
    spec
    for spec in SPECS
    if spec.effect is Effect.PURE and not spec.name.startswith("FLOW/BOOLEAN")
]
READABLE = {"json": '{"a": [1]}', "xml": "<a>1</a>", "token": "e30.e30."}


@pytest.mark.parametrize("pure", PURE, ids=lambda spec: spec.name)
def test_a_pure_action_gives_the_same_when_it_is_computed_again(pure: ActionSpec[Any]) -> None:
    given = _without_templates(pure.example)
    params = convert_params(pure, {key: READABLE.get(key, item) for key, item in given.items()})

    # Nothing to reach out through: an action that tried would break.
    outcomes = [asyncio.run(pure.run(params, NOWHERE)) for _ in range(2)]

    assert outcomes[0] == outcomes[1]
    jsonschema_rs.validate(pure.output, outcomes[0].output)


def test_what_it_masks_and_resolves_itself_is_there(spec: ActionSpec[Any]) -> None:
    schema: Any = params_schema(spec.params)
    known = set(schema.get("properties", {}))

    assert set(spec.liquid_params) | set(spec.lazy_params) | set(spec.branch_params) <= known
    assert {pointer.split("/")[1] for pointer in spec.secret_params} <= known
    outputs: Any = spec.output.get("properties", {})
    assert {pointer.split("/")[1] for pointer in spec.secret_outputs} <= set(outputs)


def test_params_survive_a_round_trip(spec: ActionSpec[Any]) -> None:
    params = convert_params(spec, _without_templates(spec.example))
    if isinstance(params, OpenParams):
        return
    again: Params = msgspec.json.decode(msgspec.json.encode(params), type=spec.params)

    assert again == params


def test_a_choice_that_is_none_names_those_there_are() -> None:
    params = {"url": "https://x.example/", "content_type": "json", "method": "FETCH"}
    action = {"id": "a", "type": "HTTP", "action": "SEND_REQUEST", "params": params}
    problems = validate_flow(Flow.from_json([action]), CATALOGUE)

    assert {(p.at, p.message.rpartition(": ")[2], p.hint) for p in problems} == {
        ("/actions/0/params/content_type", "FORM, JSON, XML", "Did you mean 'JSON'?"),
        ("/actions/0/params/method", "DELETE, GET, PATCH, POST, PUT", "Did you mean 'PATCH'?"),
    }


def test_a_connection_is_chosen_by_those_that_need_one() -> None:
    for spec in SPECS:
        schema: Any = params_schema(spec.params)
        takes = "connection_id" in schema.get("properties", {})
        if takes:
            assert spec.type_ in CONNECTED | {"AUTH0", "ZAPIER"}, spec.name


def test_every_name_of_auth0s_api_is_offered_or_known_and_never_both() -> None:
    offered = {(spec.type_, spec.action) for spec in SPECS}

    assert len(offered) == len(SPECS)
    assert not offered & NOT_OFFERED
    assert len(offered | NOT_OFFERED) == 61


def test_a_family_that_is_not_offered_is_accepted_when_saved() -> None:
    actions = [
        {"id": f"a{i}", "type": type_, "action": action, "params": {"anything": i}}
        for i, (type_, action) in enumerate(sorted(NOT_OFFERED))
    ]
    assert validate_flow(Flow.from_json({"name": "All", "actions": actions}), CATALOGUE) == []


def test_a_name_that_nobody_has_is_refused_with_the_nearest() -> None:
    action = {"id": "a", "type": "AUTH0", "action": "VERIFY_OTP", "params": {}}
    (problem,) = validate_flow(Flow.from_json([action]), CATALOGUE)

    assert problem.at == "/actions/0/action"
    assert "AUTH0/VERIFY_OTP" in problem.message


def _without_templates(value: Any) -> Any:
    """Return an example as it may look once its expressions are resolved."""
    if isinstance(value, str) and "{{" in value:
        return "ada@example.com"
    if isinstance(value, dict):
        return {key: _without_templates(item) for key, item in copy.copy(value).items()}
    if isinstance(value, list):
        return [_without_templates(item) for item in value]
    return value
