"""Evaluate as an execution would, with time, chance and ids that do not change."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sluiceway.expressions import Scope, Sources, Value, compile_expression

NOW = datetime(2021, 4, 30, 10, 31, 28, 576_999, tzinfo=UTC)


def _scope(**roots: Any) -> Scope:
    ids = iter(f"00000000-0000-4000-8000-{number:012d}" for number in range(100))
    chance = random.Random(7)  # noqa: S311 - what is random here must repeat
    sources = Sources(now=NOW, random=chance, new_uuid=lambda: next(ids))
    return Scope(sources=sources, **roots)


@pytest.fixture(scope="session")
def make_scope() -> Callable[..., Scope]:
    """Make a scope from roots; every one starts with the same sources."""
    return _scope


@pytest.fixture(scope="session")
def evaluate() -> Callable[..., Value]:
    """Evaluate a bare expression against ``fields`` and other roots."""

    def run(expression: str, **roots: Any) -> Value:
        return compile_expression(expression).evaluate(_scope(**roots))

    return run
