"""A stage for every test of whole flows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.actions.conftest import Services
from tests.flows.stage import Stage


@pytest.fixture(scope="session")
def all_services() -> Iterator[Services]:
    with Services() as services:
        yield services


@pytest.fixture
def services(all_services: Services) -> Services:
    all_services.received.clear()
    all_services.handlers.clear()
    return all_services


@pytest.fixture
def stage(services: Services) -> Iterator[Stage]:
    with Stage(services) as made:
        yield made
