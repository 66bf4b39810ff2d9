"""Check resolved params against the action's schema, and make them the action's struct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.actions.base import OpenParams
from sluiceway.actions.schemas import InvalidParam, find_invalid_params
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionSpec, Params
    from sluiceway.models.json import JsonObject

__all__ = ["convert_params"]

_MESSAGE: Final = "Calculated parameters do not satisfy the expected schema"


def convert_params(spec: ActionSpec[Any], params: JsonObject) -> Params:
    """Return *params* as the action's struct.

    Raises:
        InvalidActionParams: they break the schema; ``details.invalidParams`` lists each place as
            ``{code, message, details, path}``.
    """
    try:
        converted: Params = msgspec.convert(params, spec.params)
    except msgspec.ValidationError as error:
        # The struct decides, being the source of the schema; the schema then names every place.
        found = list(find_invalid_params(spec.params, params)) or [
            InvalidParam(code="ERR_INVALID_VALUE", message=str(error), path="", details={})
        ]
        raise InvalidActionParams(
            _MESSAGE, details={"invalidParams": [one.as_json() for one in found]}
        ) from None
    if isinstance(converted, OpenParams):
        converted.keep_others(params)
    return converted
