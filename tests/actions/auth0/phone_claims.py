"""What Send SMS and Make call have in common; each has a test of its own that names the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams, ProviderNotEnabled

if TYPE_CHECKING:
    from sluiceway.models.message import Channel
    from tests.actions.conftest import Workbench

BASE = {"to": "+12025550123", "message": "Hi"}


def assert_queued_as(bench: Workbench, name: str, channel: Channel) -> None:
    context = bench.context(
        context={"user": {"name": "Ada", "phone_number": "+12025550123"}},
        actions={"otp": {"code": "012345"}},
    )
    outcome = bench.outcome(
        name,
        {
            "to": "{{ context.user.phone_number }}",
            "message": "{{ user.name }}: {{ custom_vars.code }} {{ actions.otp.code }}",
            "from": "+12025550100",
            "custom_vars": {"code": "{{actions.otp.code}}"},
        },
        context,
    )

    assert outcome.output == {"success": True}
    (message,) = outcome.messages
    assert message.channel is channel
    assert message.content.as_json() | {"language": None} == {
        "to": "+12025550123",
        "text": "Ada: 012345 ",
        "from": "+12025550100",
        "language": None,
    }


def assert_limits(bench: Workbench, name: str) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"to": ""}, "/to"),
        ({"to": "1" * 256}, "/to"),
        ({"to": "{{context.user.phone_number}}"}, "/to"),
        ({"message": ""}, "/message"),
        ({"message": "m" * 1025}, "/message"),
        ({"from": ""}, "/from"),
        ({"from": "f" * 256}, "/from"),
        ({"body": "x"}, "/body"),
    ]
    for params, path in cases:
        with pytest.raises(InvalidActionParams) as caught:
            bench.outcome(name, {**BASE, **params})
        details: Any = caught.value.details
        assert [p["path"] for p in details["invalidParams"]] == [path]


def assert_needs_provider(bench: Workbench, name: str, channel: Channel) -> None:
    bench.enabled.discard(channel)
    with pytest.raises(ProviderNotEnabled):
        bench.outcome(name, BASE)
