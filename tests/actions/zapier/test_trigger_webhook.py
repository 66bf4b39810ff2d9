"""ZAPIER/TRIGGER_WEBHOOK: all the values, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import ConnectionUnusable, InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "ZAPIER/TRIGGER_WEBHOOK"
URL = "https://hooks.zapier.com/hooks/catch/123/abc/?v=1"


def _trigger(bench: Workbench, context: Any = None, **params: Any) -> Any:
    id_ = bench.connect("ZAPIER", {"type": "WEBHOOK", "url": URL})
    return bench.run(NAME, {"connection_id": id_, **params}, context)


@pytest.mark.parametrize(("params", "method"), [({}, "POST"), ({"method": "PUT"}, "PUT")])
def test_values_go_as_json(bench: Workbench, params: dict[str, Any], method: str) -> None:
    bench.services.answer("hooks.zapier.com", {"status": "success", "id": "1"})
    context = bench.context(fields={"plan": "pro", "tags": ["a"]})

    output = _trigger(
        bench, context, **params, plan="{{fields.plan}}", nested={"tags": "{{fields.tags}}"}
    )

    got = bench.services.last
    assert (got.method, got.path, got.query) == (method, "/hooks/catch/123/abc/", {"v": "1"})
    assert got.json == {"plan": "pro", "nested": {"tags": ["a"]}}
    assert got.headers["content-type"] == "application/json"
    assert output["body"] == {"status": "success", "id": "1"}
    assert URL in bench.masked


def test_with_get_they_go_in_the_address(bench: Workbench) -> None:
    _trigger(bench, method="GET", plan="a b&c", n=5, none=None)

    got = bench.services.last
    assert (got.method, got.body) == ("GET", b"")
    assert got.query == {"v": "1", "plan": "a b&c", "n": "5"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_zap_is_started_once(bench: Workbench, method: str) -> None:
    bench.services.answer("hooks.zapier.com", (503, {}), (200, {}))

    assert _trigger(bench, method=method)["status"] == 503
    assert len(bench.services.received) == 1


def test_other_methods_and_connections_are_refused(bench: Workbench) -> None:
    with pytest.raises(InvalidActionParams):
        _trigger(bench, method="DELETE")
    with pytest.raises(ConnectionUnusable):
        bench.run(NAME, {"connection_id": bench.connect("ZAPIER", {"type": "WEBHOOK"})})
