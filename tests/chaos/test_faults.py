"""The fault suite in small: ``make chaos`` is the whole of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.__main__ import GRACE_S, run_scenario
from tests.chaos.stages import LEASE_S, PostgresStage, SqliteStage, Stage
from tests.postgres_cluster import Cluster

EXECUTIONS = 24


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    if request.param == "sqlite":
        return SqliteStage(tmp_path)
    return PostgresStage(tmp_path, request.getfixturevalue("cluster"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PostgresStage]:
    """A server that may be hurt without hurting other tests."""
    cluster = Cluster.make()
    if cluster is None:
        pytest.skip("PostgreSQL is not installed")
    try:
        cluster.start()
        yield PostgresStage(tmp_path, cluster)
    finally:
        cluster.destroy()


def _play(stage: Stage, point: str, *, executions: int = EXECUTIONS) -> dict[str, Any]:
    chance = random.Random(f"{stage.name} {point}")  # noqa: S311 - where to hurt
    verdict = run_scenario(stage, point, executions=executions, chance=chance, deaths=1)
    assert verdict["breaches"] == []
    return verdict


@pytest.mark.parametrize(
    "point", ["after claim", "before append", "after append", "sent create", "before finish"]
)
def test_nothing_is_lost_and_nothing_done_twice(stage: Stage, point: str) -> None:
    verdict = _play(stage, point)
    if not stage.is_shared:
        # Where some are about to end, others may be in the midst of the call that is not repeated.
        assert verdict["unknown"] == 0 or point == "before finish"
        assert verdict["last_run_s"] < LEASE_S + GRACE_S + 20


def test_a_call_that_cannot_be_looked_up_is_never_made_twice(stage: Stage) -> None:
    verdict = _play(stage, "sent post")
    assert verdict["unknown"] > 0 or stage.is_shared


def test_a_process_that_was_frozen_beyond_its_lease_overwrites_nothing(stage: Stage) -> None:
    verdict = _play(stage, "frozen", executions=150)
    if not stage.is_shared:
        assert verdict["repeated_calls"] == 0


def test_a_wall_clock_that_is_put_back_is_survived(stage: Stage) -> None:
    _play(stage, "clock back")


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    _play(SqliteStage(tmp_path), "disk full", executions=60)


@pytest.mark.postgres
def test_a_database_that_comes_and_goes_is_waited_for(own_server: PostgresStage) -> None:
    assert _play(own_server, "database down", executions=60)["hurt"] > 0
