"""FLOW/BOOLEAN_CONDITION: groups, the seventeen comparisons, and sides that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.actions.flow._conditions import GROUPS, OPERATORS, evaluate, parse_condition
from sluiceway.errors import DefinitionError
from sluiceway.expressions import UNDEFINED

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "FLOW/BOOLEAN_CONDITION"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


def _holds(code: str, left: Any, right: Any = None) -> bool:
    operator = OPERATORS[code]
    operands = [left, right] if operator.is_binary else [left]
    condition = parse_condition({"operator": code, "operands": operands})
    result, _ = evaluate(condition, lambda side: side)
    return result


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # Real exports compare a status with "200" and a boolean with "true".
        (200, "200", True),
        (200.0, "200", True),
        (200, "0200", False),
        ("200", "200", True),
        (True, True, True),
        (True, "true", True),
        (False, "false", True),
        (True, "True", False),
        (1, True, False),
        (0, False, False),
        (0, "", False),
        (1, 1.0, True),
        (1.5, "1.5", True),
        (UNDEFINED, "ja", False),
        (UNDEFINED, UNDEFINED, True),
        (None, UNDEFINED, True),
        (None, "", False),
        (None, 0, False),
        ("ja", "JA", False),
        ("ja", "ja ", False),
        (["a"], "a", False),
        ([1, {"a": True}], [1.0, {"a": True}], True),
        ([1], [True], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    ],
)
def test_eq_and_neq(left: Any, right: Any, expected: bool) -> None:  # noqa: FBT001
    assert _holds("EQ", left, right) is expected
    assert _holds("EQ", right, left) is expected
    assert _holds("NEQ", left, right) is not expected


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        (2, 10, -1),
        ("2", "10", -1),
        ("2", 10, -1),
        (10, "10", 0),
        ("b", "a", 1),
        ("2026-01-02T00:00:00Z", "2026-01-10T00:00:00Z", -1),
        ("\U0001f600", "\uffff", -1),
        ("a", 1, None),
        (True, 0, None),
        (UNDEFINED, 0, None),
        (None, 0, None),
        ("", 0, None),
        ([2], [1], None),
        ("NaN", 1, None),
        ("1" * 400, 1, None),
    ],
)
def test_order(left: Any, right: Any, order: int | None) -> None:
    found = {code: _holds(code, left, right) for code in ("GT", "GTE", "LT", "LTE")}

    assert found == {
        "GT": order == 1,
        "GTE": order in {0, 1},
        "LT": order == -1,
        "LTE": order in {0, -1},
    }


@pytest.mark.parametrize(
    ("container", "item", "expected"),
    [
        (["A0-1", "A0-2"], "A0-2", True),
        (["A0-1"], "a0-1", False),
        ([1, 2], "2", True),
        ([True], "true", True),
        ([[1]], [1], True),
        ([None], UNDEFINED, True),
        ([], UNDEFINED, False),
        (UNDEFINED, "x", False),
        (None, "x", False),
        ("read:users", "users", True),
        ("v200", 200, True),
        ("text", "", True),
        ("text", None, False),
        ({"admin": 0}, "admin", True),
        ({"admin": 0}, "user", False),
        (12, "1", False),
    ],
)
def test_includes(container: Any, item: Any, expected: bool) -> None:  # noqa: FBT001
    assert _holds("INCLUDES", container, item) is expected
    assert _holds("NOT_INCLUDES", container, item) is not expected


@pytest.mark.parametrize(
    ("text", "part", "starts", "ends"),
    [
        ("auth0|1", "auth0|", True, False),
        ("auth0|1", 1, False, True),
        (2026, "20", True, False),
        (True, "tr", True, False),
        ("a", "", True, True),
        (UNDEFINED, "a", False, False),
        (["a"], "a", False, False),
    ],
)
def test_starts_and_ends(text: Any, part: Any, starts: bool, ends: bool) -> None:  # noqa: FBT001
    assert _holds("STARTS_WITH", text, part) is starts
    assert _holds("ENDS_WITH", text, part) is ends


UNARY = ("EXISTS", "NOT_EXISTS", "IS_NULL", "IS_NOT_NULL", "HAS_NO_VALUE", "IS_TRUE", "IS_FALSE")


@pytest.mark.parametrize(
    ("value", "true_ones"),
    [
        (UNDEFINED, {"NOT_EXISTS", "IS_NULL", "HAS_NO_VALUE"}),
        (None, {"EXISTS", "IS_NULL", "HAS_NO_VALUE"}),
        ("", {"EXISTS", "IS_NOT_NULL", "HAS_NO_VALUE"}),
        ([], {"EXISTS", "IS_NOT_NULL", "HAS_NO_VALUE"}),
        ({}, {"EXISTS", "IS_NOT_NULL", "HAS_NO_VALUE"}),
        (0, {"EXISTS", "IS_NOT_NULL"}),
        (True, {"EXISTS", "IS_NOT_NULL", "IS_TRUE"}),
        ("true", {"EXISTS", "IS_NOT_NULL", "IS_TRUE"}),
        (1, {"EXISTS", "IS_NOT_NULL"}),
        (False, {"EXISTS", "IS_NOT_NULL", "IS_FALSE"}),
        ("false", {"EXISTS", "IS_NOT_NULL", "IS_FALSE"}),
    ],
)
def test_comparisons_of_one_side(value: Any, true_ones: set[str]) -> None:
    assert {code for code in UNARY if _holds(code, value)} == true_ones


@given(json_values, json_values)
def test_no_pair_of_values_raises_and_opposites_differ(left: Any, right: Any) -> None:
    results = {code: _holds(code, left, right) for code in OPERATORS}

    for one, other in (
        ("EQ", "NEQ"),
        ("INCLUDES", "NOT_INCLUDES"),
        ("EXISTS", "NOT_EXISTS"),
        ("IS_NULL", "IS_NOT_NULL"),
    ):
        assert results[one] is not results[other]
    assert not (results["GT"] and results["LT"])
    assert results["GTE"] is (results["GT"] or (results["GTE"] and results["LTE"]))


@given(json_values)
def test_a_value_equals_itself_and_no_side_is_changed(value: Any) -> None:
    assert _holds("EQ", value, value)
    assert all(_holds(code, UNDEFINED, value) in {True, False} for code in OPERATORS)


def _eq(left: Any, right: Any) -> dict[str, Any]:
    return {"operator": "EQ", "operands": [left, right]}


def _group(code: str, *operands: Any) -> dict[str, Any]:
    return {"operator": code, "operands": list(operands)}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (_group("AND"), True),
        (_group("OR"), False),
        (_group("AND", _eq(1, 1), _eq(1, 2)), False),
        (_group("OR", _eq(1, 2), _eq(1, 1)), True),
        (_group("AND", _group("OR", _eq(1, 2), _eq(1, 1)), _group("AND", _eq(2, 2))), True),
        (_eq(1, 1), True),
        (True, True),
        (False, False),
        ("{{fields.flag}}", True),
        ("{{fields.missing}}", False),
    ],
)
def test_groups_nest_and_a_bare_condition_works(
    bench: Workbench,
    condition: Any,
    expected: bool,  # noqa: FBT001
) -> None:
    outcome = bench.outcome(NAME, {"if": condition}, bench.context(fields={"flag": True}))

    assert outcome.output == {"result": expected}
    assert outcome.branch == ("then" if expected else "else")


def test_the_record_shows_the_sides_resolved_and_what_was_not_reached_as_written(
    bench: Workbench,
) -> None:
    condition = _group(
        "AND", _eq("{{actions.http.status}}", "200"), _eq("{{fields.x}}", 1), _eq("{{fields.y}}", 1)
    )
    outcome = bench.outcome(
        NAME, {"if": condition}, bench.context(actions={"http": {"status": 200}})
    )

    assert outcome.shown_input == {
        "if": _group("AND", _eq(200, "200"), _eq(None, 1), _eq("{{fields.y}}", 1))
    }


@pytest.mark.parametrize(
    ("condition", "at"),
    [
        (None, "/if"),
        ([], "/if"),
        (1, "/if"),
        ({}, "/if/operator"),
        ({"operator": "EQ"}, "/if/operands"),
        ({"operator": "EQUALS", "operands": [1, 1]}, "/if/operator"),
        ({"operator": "EQ", "operands": [1]}, "/if/operands"),
        ({"operator": "EXISTS", "operands": [1, 2]}, "/if/operands"),
        (
            _group("AND", _group("OR", {"operator": "EQ", "operands": []})),
            "/if/operands/0/operands/0/operands",
        ),
    ],
)
def test_what_is_no_condition_is_refused_in_its_place(
    bench: Workbench, condition: Any, at: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        bench.outcome(NAME, {"if": condition})
    assert caught.value.at == at


def test_an_empty_second_side_is_allowed_where_there_is_one(bench: Workbench) -> None:
    condition = {"operator": "EXISTS", "operands": ["{{fields.a}}", None]}

    assert bench.run(NAME, {"if": condition}, bench.context(fields={"a": 0})) == {"result": True}


def test_groups_may_not_nest_for_ever(bench: Workbench) -> None:
    condition: Any = _eq(1, 1)
    for _ in range(60):
        condition = _group("AND", condition)
    with pytest.raises(DefinitionError, match="levels"):
        bench.outcome(NAME, {"if": condition})


def test_the_table_has_the_seventeen_labels_of_the_editor() -> None:
    assert len(OPERATORS) == 17
    assert len({operator.label for operator in OPERATORS.values()}) == 17
    assert not set(GROUPS) & set(OPERATORS)
