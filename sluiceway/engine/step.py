"""What becomes of one step's params and output: resolved, checked, shown without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sluiceway.engine.params import convert_params
from sluiceway.engine.pointers import at_pointers
from sluiceway.expressions.params import resolve_params
from sluiceway.models.masking import MASK, mask_pointers, mask_secret_keys

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionSpec, Params
    from sluiceway.engine.context import StepContext
    from sluiceway.engine.plan import PlannedStep
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["checked_params", "resolved_params", "shown_output", "shown_params"]


def resolved_params(step: PlannedStep, context: StepContext) -> JsonObject:
    """Return the step's params with their expressions resolved.

    Raises:
        LanguageError: an expression cannot be evaluated; ``at`` is its pointer in the params.
    """
    if step.is_constant:
        return step.action.params
    # An object resolves to an object.
    return cast("JsonObject", resolve_params(step.action.params, context.scope, skip=step.skip))


def checked_params(step: PlannedStep, spec: ActionSpec[Any], params: JsonObject) -> Params:
    """Return the resolved params as the action's struct. Raises ``InvalidActionParams``."""
    if not step.is_constant:
        return convert_params(spec, params)
    if step.struct is None:
        step.struct = convert_params(spec, params)
    return step.struct


def shown_params(
    step: PlannedStep, spec: ActionSpec[Any], params: JsonObject
) -> tuple[JsonObject, list[JsonValue]]:
    """Return the params as records show them, and the secrets that were in them.

    Nested actions are left out: they have records of their own once they are reached.
    """
    if step.shown is not None:
        return step.shown
    own = {key: value for key, value in params.items() if key not in spec.branch_params}
    shown, secrets = _shown(own, spec.secret_params)
    result = (cast("JsonObject", shown), secrets)
    if step.is_constant:
        step.shown = result
    return result


def shown_output(
    spec: ActionSpec[Any], output: JsonValue, *, is_masked: bool
) -> tuple[JsonValue, list[JsonValue]]:
    """Return the output as records show it, and the secrets that were in it."""
    return (MASK, [output]) if is_masked else _shown(output, spec.secret_outputs)


def _shown(value: JsonValue, pointers: tuple[str, ...]) -> tuple[JsonValue, list[JsonValue]]:
    shown, secrets = mask_secret_keys(value)
    if pointers:
        secrets.extend(at_pointers(value, pointers))
        shown = mask_pointers(shown, pointers)
    return shown, secrets
