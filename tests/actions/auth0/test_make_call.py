"""AUTH0/MAKE_CALL: the message is Liquid, and goes to the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.models.message import Channel
from tests.actions.auth0.phone_claims import (
    assert_limits,
    assert_needs_provider,
    assert_queued_as,
)

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "AUTH0/MAKE_CALL"


def test_the_message_is_rendered_and_queued(bench: Workbench) -> None:
    assert_queued_as(bench, NAME, Channel.CALL)


def test_the_limits_are_auth0s(bench: Workbench) -> None:
    assert_limits(bench, NAME)


def test_without_a_provider_it_fails(bench: Workbench) -> None:
    assert_needs_provider(bench, NAME, Channel.CALL)
