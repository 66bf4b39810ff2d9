"""Flows: every envelope is read as it is written, and what breaks it is named with its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import DefinitionError
from sluiceway.models.flow import MAX_NESTING, Action, Flow

STEP: dict[str, Any] = {"id": "wait_a1B2", "type": "FLOW", "action": "DO_NOTHING", "params": {}}


def condition(id_: str, **branches: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "type": "FLOW",
        "action": "BOOLEAN_CONDITION",
        "params": {"if": True, **branches},
    }


def test_a_flow_gives_back_what_was_written_key_order_included() -> None:
    written = {
        "name": "Hello",
        "actions": [
            {
                "params": {"vars": {"a": None}},
                "mask_output": True,
                "action": "STORE_VARS",
                "type": "FLOW",
                "alias": "Is it valid?",
                "id": "store",
            }
        ],
    }

    given_back = Flow.from_json(written).as_json()

    assert given_back == written
    assert list(given_back["actions"][0]) == list(written["actions"][0])  # type: ignore[index, arg-type, call-overload]


def test_a_bare_list_takes_the_name_it_is_given() -> None:
    flow = Flow.from_json([STEP], name="from a file")

    assert (flow.name, len(flow.actions)) == ("from a file", 1)


def test_the_walk_goes_through_branches_in_document_order() -> None:
    inner = condition("inner", then=[{**STEP, "id": "deep"}])
    flow = Flow.from_json(
        [condition("outer", then=[STEP, inner], **{"else": []}), {**STEP, "id": "z"}]
    )

    places = [(placed.action.id, placed.at, placed.depth) for placed in flow.walk()]

    assert places == [
        ("outer", "/actions/0", 0),
        ("wait_a1B2", "/actions/0/params/then/0", 1),
        ("inner", "/actions/0/params/then/1", 1),
        ("deep", "/actions/0/params/then/1/params/then/0", 2),
        ("z", "/actions/1", 0),
    ]


def test_do_nothing_needs_no_params() -> None:
    action = Action.from_json({"id": "a", "type": "FLOW", "action": "DO_NOTHING"})

    assert action.params == {}
    assert "params" not in action.as_json()


def test_connections_are_replaced_in_branches_too() -> None:
    get = {**STEP, "id": "g", "type": "AUTH0", "action": "GET_USER"}
    get["params"] = {"connection_id": "#CONN-1#", "user_id": "x"}
    flow = Flow.from_json([condition("c", then=[get])])

    replaced = flow.with_connections({"#CONN-1#": "local"})

    assert flow.connections() == {"#CONN-1#": "/actions/0/params/then/0/params/connection_id"}
    assert list(replaced.connections()) == ["local"]


@pytest.mark.parametrize(
    ("document", "at", "words"),
    [
        pytest.param("text", "", "found a text", id="not an object"),
        pytest.param([1], "/0", "expected an action", id="not an action"),
        pytest.param([{**STEP, "note": "x"}], "/0/note", "found the key 'note'", id="unknown key"),
        pytest.param([{**STEP, "a/b": 1}], "/0/a~1b", "a/b", id="a key with a slash"),
        pytest.param([{"type": "A", "action": "B", "params": {}}], "/0", "'id'", id="no id"),
        pytest.param([{"id": "a", "type": "A", "action": "B"}], "/0", "'params'", id="no params"),
        pytest.param([{**STEP, "id": "a b"}], "/0/id", "'a b'", id="an id with a space"),
        pytest.param([{**STEP, "id": 7}], "/0/id", "found a number", id="an id that is a number"),
        pytest.param([{**STEP, "type": ""}], "/0/type", "empty", id="an empty type"),
        pytest.param([{**STEP, "alias": "x" * 101}], "/0/alias", "101", id="a long alias"),
        pytest.param([{**STEP, "mask_output": 1}], "/0/mask_output", "true or false", id="a flag"),
        pytest.param([{**STEP, "params": []}], "/0/params", "found a list", id="params as a list"),
        pytest.param(
            [condition("c", then={})], "/0/params/then", "a list of actions", id="a branch"
        ),
        pytest.param({"name": 1, "actions": []}, "/name", "found a number", id="a name"),
        pytest.param({"name": "x" * 151, "actions": []}, "/name", "151", id="a long name"),
        pytest.param([STEP, STEP], "/1/id", "already at /0", id="a duplicate id"),
        pytest.param(
            [STEP, condition("c", then=[STEP])], "/1/params/then/0/id", "already", id="in a branch"
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(document: Any, at: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Flow.from_json(document)

    assert caught.value.at == at
    assert words in caught.value.message


def test_a_near_miss_is_offered() -> None:
    with pytest.raises(DefinitionError) as caught:
        Action.from_json({**STEP, "allow_failures": True})

    assert caught.value.hint == "Did you mean 'allow_failure'?"


def test_nesting_has_a_limit() -> None:
    nested: dict[str, Any] = {**STEP}
    for level in range(MAX_NESTING + 2):
        nested = condition(f"c{level}", then=[nested])

    with pytest.raises(DefinitionError, match=f"at most {MAX_NESTING} levels"):
        Flow.from_json([nested])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values | st.lists(st.dictionaries(st.sampled_from([*STEP, "then"]), json_values)))
def test_reading_raises_nothing_but_its_own_error(document: Any) -> None:
    try:
        flow = Flow.from_json(document)
    except DefinitionError:
        return
    assert flow.as_json()["actions"] == (
        document if isinstance(document, list) else document.get("actions") or []
    )
