"""A flow as the rules see it: every step with its place, its texts and what they read.

A flow that is wrong must be seen too, so nothing here refuses it: what has no shape has no steps.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.analysis.facts import Facts
from sluiceway.analysis.findings import Edit, Finding
from sluiceway.errors import ExpressionSyntaxError
from sluiceway.expressions import find_templates
from sluiceway.models.flow import MAX_NESTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.actions.base import ActionSpec
    from sluiceway.actions.catalogue import ActionCatalogue
    from sluiceway.analysis.findings import Severity
    from sluiceway.expressions import Reference, Template
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["BRANCHES", "FlowView", "Step", "StepText"]

BRANCHES: Final = ("then", "else")
ENDING: Final = frozenset({("FLOW", "ERROR_MESSAGE"), ("FLOW", "RETURN_JSON")})
_NOTIFICATIONS: Final = frozenset({"SEND_EMAIL", "SEND_SMS", "MAKE_CALL"})


class StepText(msgspec.Struct, frozen=True):
    """A text of a step's params with ``{{`` in it, read as an expression.

    Attributes:
        pointer: its place in the file.
        param: the key of the param that it stands in.
        path: the keys below the param.
        text: the text as written.
        template: what it compiles to, or why it does not.
    """

    pointer: str
    param: str
    path: tuple[str, ...]
    text: str
    template: Template | ExpressionSyntaxError

    @property
    def references(self) -> tuple[Reference, ...]:
        """The paths that it reads."""
        template = self.template
        return () if isinstance(template, ExpressionSyntaxError) else template.references


class Step(msgspec.Struct, eq=False, dict=True):
    """One action, however wrong. *at* is its JSON Pointer in the file."""

    document: JsonObject
    at: str
    number: int
    parent: Step | None = None
    branch: str = ""
    spec: ActionSpec[Any] | None = None
    branches: dict[str, list[Step]] = msgspec.field(default_factory=dict[str, "list[Step]"])

    @property
    def id(self) -> str:
        """The id, ``""`` where there is none."""
        return _text(self.document.get("id"))

    @property
    def alias(self) -> str:
        """The alias, ``""`` where there is none."""
        return _text(self.document.get("alias"))

    @property
    def type(self) -> str:
        """The type as written."""
        return _text(self.document.get("type"))

    @property
    def action(self) -> str:
        """The action as written."""
        return _text(self.document.get("action"))

    @property
    def name(self) -> str:
        """The wire name, like ``AUTH0/SEND_EMAIL``."""
        return f"{self.type}/{self.action}"

    @property
    def label(self) -> str:
        """What to call it in a message."""
        return self.id or self.name

    @cached_property
    def params(self) -> JsonObject:
        """The params, empty where they are no object."""
        params = self.document.get("params")
        return params if isinstance(params, dict) else {}

    @property
    def allow_failure(self) -> bool:
        """Whether the flow goes on although it failed."""
        return self.document.get("allow_failure") is True

    @cached_property
    def own_params(self) -> JsonObject:
        """The params without the nested actions."""
        return {key: value for key, value in self.params.items() if key not in self.branches}

    @cached_property
    def liquid_params(self) -> tuple[str, ...]:
        """The names of the params that are Liquid."""
        return self.spec.liquid_params if self.spec else ()

    @cached_property
    def texts(self) -> tuple[StepText, ...]:
        """Every text with an expression in it, in document order; Liquid ones are left out."""
        found: list[StepText] = []
        for pointer, template in find_templates(self.own_params, skip=self.liquid_params):
            param, *path = (unescape(token) for token in pointer.split("/")[1:])
            found.append(
                StepText(
                    pointer=f"{self.at}/params{pointer}",
                    param=param,
                    path=tuple(path),
                    text=template.source,
                    template=template,
                )
            )
        return tuple(found)

    @property
    def ancestors(self) -> Iterator[tuple[Step, str]]:
        """The conditions around it with the branch that it is in, innermost first."""
        step = self
        while step.parent is not None:
            yield step.parent, step.branch
            step = step.parent

    @property
    def ends_flow(self) -> bool:
        """Whether nothing behind it in its list can run."""
        if (self.type, self.action) in ENDING:
            return True
        return all(self.branch_ends(name) for name in BRANCHES)

    def branch_ends(self, name: str) -> bool:
        """Tell whether the flow always ends in that branch."""
        return any(step.ends_flow for step in self.branches.get(name, ()))

    @property
    def is_condition(self) -> bool:
        """Whether it has branches."""
        return (self.type, self.action) == ("FLOW", "BOOLEAN_CONDITION")

    @property
    def is_notification(self) -> bool:
        """Whether it sends an email, a text message or a call through the tenant's provider."""
        return self.type == "AUTH0" and self.action in _NOTIFICATIONS

    def finding(
        self,
        code: str,
        severity: Severity,
        message: str,
        *,
        at: str = "",
        hint: str = "",
        inner: tuple[int, int] | None = None,
        on_key: bool = False,
        edit: Edit | None = None,
    ) -> Finding:
        """Return a finding about this step; *at* is the step itself without it."""
        return Finding(
            code=code,
            severity=severity,
            message=message,
            at=at or self.at,
            hint=hint,
            step=self.id,
            inner=inner,
            on_key=on_key,
            edit=edit,
        )


class FlowView:
    """One flow, its steps in document order, and what is known beside it."""

    def __init__(
        self,
        document: JsonValue,
        catalogue: ActionCatalogue,
        *,
        name: str = "",
        facts: Facts | None = None,
    ) -> None:
        """Look at *document*: ``{name, actions}``, or a list of actions."""
        self.document = document
        self.catalogue = catalogue
        self.facts = facts or Facts()
        self.steps: list[Step] = []
        self.nested_too_deep = ""
        if isinstance(document, dict):
            self.name = _text(document.get("name")) or name
            self.actions_at = "/actions"
            self.top = self._read(document.get("actions"), "/actions", None, "", 0)
        else:
            self.name, self.actions_at = name, ""
            self.top = self._read(document, "", None, "", 0)
        self.by_id: dict[str, Step] = {}
        for step in self.steps:
            if step.id:
                self.by_id.setdefault(step.id, step)

    def _read(
        self, actions: JsonValue, at: str, parent: Step | None, branch: str, depth: int
    ) -> list[Step]:
        if depth > MAX_NESTING:
            self.nested_too_deep = self.nested_too_deep or at
            return []
        steps: list[Step] = []
        for index, action in enumerate(actions if isinstance(actions, list) else []):
            if not isinstance(action, dict):
                continue
            step = Step(action, f"{at}/{index}", len(self.steps), parent, branch)
            step.spec = self.catalogue.find(step.type, step.action)
            steps.append(step)
            self.steps.append(step)
            for name in BRANCHES if step.is_condition else ():
                if isinstance(step.params.get(name), list):
                    here = f"{step.at}/params/{name}"
                    step.branches[name] = self._read(step.params[name], here, step, name, depth + 1)
        return steps


def unescape(token: str) -> str:
    """Return the key that a JSON Pointer's token stands for (RFC 6901)."""
    return token.replace("~1", "/").replace("~0", "~")


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
