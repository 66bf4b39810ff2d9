"""Which branches and steps of a flow its cases took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.rehearsal.stage import Rehearsed

__all__ = ["FlowCoverage"]

_BRANCHES = ("then", "else")


class FlowCoverage(msgspec.Struct, kw_only=True):
    """The coverage of one flow, over any number of runs; a branch is ``condition/then``."""

    file: str
    name: str
    branches: tuple[str, ...]
    steps: tuple[str, ...]
    taken: set[str] = msgspec.field(default_factory=set[str])
    run: set[str] = msgspec.field(default_factory=set[str])

    @classmethod
    def of(cls, flow: Flow, run: Rehearsed, *, file: str) -> FlowCoverage:
        """Return the coverage of one run; both ways of a condition count, empty ones too."""
        placed = [one.action for one in flow.walk()]
        conditions = [one.id for one in placed if one.name == "FLOW/BOOLEAN_CONDITION"]
        return cls(
            file=file,
            name=flow.name,
            branches=tuple(f"{id_}/{branch}" for id_ in conditions for branch in _BRANCHES),
            steps=tuple(one.id for one in placed),
            taken={f"{step.id}/{step.branch}" for step in run.steps if step.branch},
            run=set(run.path),
        )

    def add(self, other: FlowCoverage) -> None:
        """Count the runs of *other* too."""
        self.taken |= other.taken
        self.run |= other.run

    @property
    def missing(self) -> list[str]:
        """The branches that no run took, in the flow's order."""
        return [branch for branch in self.branches if branch not in self.taken]

    @property
    def unrun(self) -> list[str]:
        """The steps that no run reached, in the flow's order."""
        return [step for step in self.steps if step not in self.run]

    @property
    def percent(self) -> float:
        """The branches taken, in percent; of a flow without branches, the steps run."""
        total, missing = len(self.branches), len(self.missing)
        if not total:
            total, missing = len(self.steps), len(self.unrun)
        return 100.0 * (total - missing) / total if total else 100.0

    def as_json(self) -> JsonObject:
        """Return the coverage as ``--json`` shows it."""
        missing: list[JsonValue] = [*self.missing]
        unrun: list[JsonValue] = [*self.unrun]
        return {
            "flow": self.name,
            "file": self.file,
            "branches": len(self.branches),
            "branches_taken": len(self.branches) - len(missing),
            "missing": missing,
            "steps": len(self.steps),
            "steps_run": len(self.steps) - len(unrun),
            "unrun": unrun,
            "percent": round(self.percent, 1),
        }
