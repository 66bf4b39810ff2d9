"""A flow made ready to run: each action with its spec, once per wording, shared by executions."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.engine.pointers import at_pointers
from sluiceway.engine.sealing import open_snapshot
from sluiceway.errors import StorageError
from sluiceway.models.flow import Flow, parse_actions
from sluiceway.models.masking import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.actions.base import ActionSpec, Params
    from sluiceway.engine.base import ActionLookup, Engine
    from sluiceway.models.flow import Action
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Plan", "PlannedStep", "Plans"]

_KEPT_PLANS: Final = 256
_MASKING: Final = "functions.mask"


class PlannedStep(msgspec.Struct):
    """One action, its spec, and the names of the params that expressions leave alone."""

    action: Action
    spec: ActionSpec[Any] | None
    skip: frozenset[str]
    is_constant: bool
    branches: dict[str, tuple[PlannedStep, ...]] = msgspec.field(default_factory=dict["str", "Any"])
    struct: Params | None = None
    """The params, checked once, where no expression can change them."""
    shown: tuple[JsonObject, list[JsonValue]] | None = None
    """The same as records show them, and the secrets in them."""


class Plan(msgspec.Struct, frozen=True):
    """A flow, and its steps."""

    flow: Flow
    steps: tuple[PlannedStep, ...]
    secret_templates: tuple[str, ...]
    """Templates whose value is secret, or that mask one: evaluated before the first record."""

    @classmethod
    def of(cls, flow: Flow, actions: ActionLookup) -> Plan:
        """Look every action up; unknown ones fail only when they are reached."""
        steps = tuple(_planned(action, actions) for action in flow.actions)
        return cls(flow, steps, tuple(dict.fromkeys(_secret_templates(steps))))


class Plans:
    """Plans by the digest of their flow's wording, the latest used kept."""

    def __init__(self, engine: Engine) -> None:
        """Start empty."""
        self._engine = engine
        self._kept: OrderedDict[str, Plan] = OrderedDict()

    async def load(self, digest: str) -> Plan:
        """Return the plan of a flow that executions started with.

        Raises:
            StorageError: the store has no such flow.
            VaultError: it cannot be opened.
        """
        plan = self._kept.get(digest)
        if plan is None:
            sealed = await self._engine.store.snapshot(digest)
            if sealed is None:
                raise StorageError(f"expected the flow {digest[:12]} in the store, found none")
            document = open_snapshot(self._engine.sealer, sealed, digest)
            plan = self.keep(digest, Flow.from_json(document))
        else:
            self._kept.move_to_end(digest)
        return plan

    def keep(self, digest: str, flow: Flow) -> Plan:
        """Plan *flow* and remember it under *digest*."""
        plan = Plan.of(flow, self._engine.actions)
        self._kept[digest] = plan
        while len(self._kept) > _KEPT_PLANS:
            self._kept.popitem(last=False)
        return plan


def _planned(action: Action, actions: ActionLookup) -> PlannedStep:
    spec = actions.find(action.type, action.action)
    if spec is None:
        return PlannedStep(action, None, frozenset(), is_constant=True)
    skip = frozenset((*spec.liquid_params, *spec.lazy_params, *spec.branch_params))
    is_constant = not any(
        _has_template(value) for key, value in action.params.items() if key not in skip
    )
    step = PlannedStep(action, spec, skip, is_constant=is_constant)
    for name in spec.branch_params:
        if isinstance(action.params.get(name), list):
            nested = parse_actions(action.params[name], at=f"/{action.id}/params/{name}")
            step.branches[name] = tuple(_planned(child, actions) for child in nested)
    return step


def _secret_templates(steps: tuple[PlannedStep, ...]) -> Iterator[str]:
    for step in steps:
        params = step.action.params
        if step.spec is not None:
            for value in at_pointers(params, step.spec.secret_params):
                yield from (text for text in _texts(value) if "{{" in text)
        for key, value in params.items():
            if key not in step.branches:
                yield from (text for text in _texts(value) if _MASKING in text)
                yield from (text for text in _named_secrets({key: value}) if "{{" in text)
        for nested in step.branches.values():
            yield from _secret_templates(nested)


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _named_secrets(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item) if is_secret_name(key) else _named_secrets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named_secrets(item)


def _has_template(value: JsonValue) -> bool:
    return any("{{" in text for text in _texts(value))
