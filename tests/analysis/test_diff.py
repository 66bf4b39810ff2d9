"""Two flows compared by meaning; a difference can be applied."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.analysis.diff import ABSENT, Place, StepChange, StepMove, apply_diff, compare_flows
from sluiceway.models.flow import Flow


def step(id_: str, **params: Any) -> dict[str, Any]:
    return {"id": id_, "type": "FLOW", "action": "STORE_VARS", "params": {"vars": params}}


def condition(id_: str, **branches: Any) -> dict[str, Any]:
    params = {"if": {"operator": "AND", "operands": []}, **branches}
    return {"id": id_, "type": "FLOW", "action": "BOOLEAN_CONDITION", "params": params}


def flow(*actions: dict[str, Any], name: str = "f") -> Flow:
    return Flow.from_json({"name": name, "actions": list(actions)})


def test_a_flow_does_not_differ_from_itself() -> None:
    one = flow(step("a"), condition("c", then=[step("b")]))

    assert not compare_flows(one, one)


def test_what_came_and_went_has_its_place() -> None:
    diff = compare_flows(
        flow(step("a", x=1), condition("c", then=[step("b", y=2)])),
        flow(condition("c", then=[]), step("d", z=3)),
    )

    assert [(own["id"], place) for own, place in diff.removed] == [
        ("a", Place("", "", 0)),
        ("b", Place("c", "then", 0)),
    ]
    assert [(own["id"], place) for own, place in diff.added] == [("d", Place("", "", 1))]
    assert not diff.moved


def test_only_the_step_that_moved_is_said_to_have_moved() -> None:
    a, b, c, d = (step(name, n=name) for name in "abcd")

    assert compare_flows(flow(a, b, c, d), flow(d, a, b, c)).moved == (
        StepMove("d", Place("", "", 3), Place("", "", 0)),
    )


def test_a_step_moves_into_a_branch() -> None:
    diff = compare_flows(
        flow(step("a", x=1), condition("c")), flow(condition("c", then=[step("a", x=1)]))
    )

    assert diff.moved == (StepMove("a", Place("", "", 0), Place("c", "then", 0)),)


def test_a_rename_takes_its_references_along() -> None:
    diff = compare_flows(
        flow(
            step("get"), step("use", v="{{ actions.get.body ?? actions['get'].x }} {{fields.get}}")
        ),
        flow(
            step("load"),
            step("use", v="{{ actions.load.body ?? actions['load'].x }} {{fields.get}}"),
        ),
    )

    assert diff.renamed == {"get": "load"}
    assert not (diff.changed or diff.added or diff.removed or diff.moved)


def test_a_step_both_renamed_and_changed_is_the_same_step() -> None:
    diff = compare_flows(
        flow(step("n"), step("get", url="/a", method="GET"), step("use", v="{{ actions.get.x }}")),
        flow(
            step("n"),
            step("new", z=1),
            step("load", url="/a", method="POST"),
            step("use", v="{{ actions.load.x }}"),
        ),
    )

    assert diff.renamed == {"get": "load"}
    assert diff.changed == (StepChange("load", "/params/vars/method", "GET", "POST"),)
    assert [own["id"] for own, _ in diff.added] == ["new"]
    assert not (diff.removed or diff.moved)


def test_a_condition_and_its_steps_are_found_under_new_names_and_params() -> None:
    def wording(text: str, *ids: str) -> Flow:
        is_it: dict[str, Any] = {"operator": "EQ", "operands": [f"{{{{ fields.{text} }}}}", True]}
        outer = condition(ids[0], then=[step(ids[1], message=f"Please look at {text} again")])
        outer["params"]["if"] = {"operator": "AND", "operands": [is_it]}
        return flow(outer)

    diff = compare_flows(wording("one", "c", "s"), wording("two", "d", "t"))

    assert diff.renamed == {"c": "d", "s": "t"}
    assert [change.id for change in diff.changed] == ["d", "t"]


def test_another_step_in_the_place_of_one_is_not_that_step() -> None:
    other = {"id": "b", "type": "FLOW", "action": "DO_NOTHING", "params": {}}
    diff = compare_flows(
        flow(step("a", x="No such user", y=[1, {}]), step("c", x=1, y=1), step("d", x=1)),
        flow(step("e", x="Your code has expired", y=[2]), other),
    )

    assert not diff.renamed
    assert [own["id"] for own, _ in diff.removed] == ["a", "c", "d"]
    assert [own["id"] for own, _ in diff.added] == ["e", "b"]


def test_of_several_edited_steps_the_likest_are_paired() -> None:
    diff = compare_flows(
        flow(step("a", w=1, x=1, y=1, z=1), step("b", w=2, x=2, y=2, z=2)),
        flow(step("c", w=1, x=1, y=2, z=2), step("d", w=1, x=1, y=1, z=2)),
    )

    assert diff.renamed == {"a": "d", "b": "c"}
    assert diff.moved == (StepMove("c", Place("", "", 1), Place("", "", 0)),)


def test_renames_are_found_among_many_steps_in_time() -> None:
    number = 300
    before = flow(*(step(f"a{n}", x=f"{{{{ actions.q.x{n} }}}}", y=n) for n in range(number)))
    after = flow(*(step(f"b{n}", x=f"{{{{ actions.q.x{n} }}}}", y=-1) for n in range(number)))

    started = time.perf_counter()

    assert compare_flows(before, after).renamed == {f"a{n}": f"b{n}" for n in range(number)}
    assert time.perf_counter() - started < 5


def test_values_are_compared_one_by_one() -> None:
    before = {**step("a", x=1, same=True, gone=0), "alias": "A"}
    after = {**step("a", x=True, same=True, came=None), "alias": "B"}

    assert compare_flows(flow(before), flow(after)).changed == (
        StepChange("a", "/params/vars/x", 1, True),
        StepChange("a", "/params/vars/gone", 0, ABSENT),
        StepChange("a", "/params/vars/came", ABSENT, None),
        StepChange("a", "/alias", "A", "B"),
    )


def test_swapped_branches_are_one_difference() -> None:
    one, other = [step("a", x=1)], [step("b", y=1)]

    diff = compare_flows(
        flow(condition("c", then=one, **{"else": other})),
        flow(condition("c", then=other, **{"else": one})),
    )

    assert diff.swapped == ("c",)
    assert not (diff.moved or diff.changed)


def test_a_new_name_is_a_difference() -> None:
    assert compare_flows(flow(name="a"), flow(name="b")).name == ("a", "b")


IDS = [f"s{number}" for number in range(6)]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["{{ actions.s1.x }}", "t/~"]),
    lambda inner: st.dictionaries(st.sampled_from(["a/b", "c~d", "e"]), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    ids = draw(st.permutations(IDS))[: draw(st.integers(0, len(IDS)))]

    def build(count: int) -> list[dict[str, Any]]:
        actions: list[dict[str, Any]] = []
        for _ in range(count):
            if not ids:
                break
            id_ = ids.pop()
            if draw(st.booleans()):
                actions.append(step(id_, v=draw(VALUES)))
            else:
                names = draw(st.lists(st.sampled_from(["then", "else"]), unique=True))
                actions.append(
                    condition(id_, **{name: build(draw(st.integers(0, 2))) for name in names})
                )
        return actions

    return flow(*build(len(ids)), name=draw(st.sampled_from("xy")))


@given(flows(), flows())
def test_applying_a_difference_gives_the_other_flow(before: Flow, after: Flow) -> None:
    assert apply_diff(before, compare_flows(before, after)).as_json() == after.as_json()


@given(flows())
def test_a_flow_and_itself_have_no_difference(one: Flow) -> None:
    assert not compare_flows(one, one)
