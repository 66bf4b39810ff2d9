"""Find a helper function by its name. A name is a file: ``toLowerCase`` is ``to_lower_case.py``.

Only the functions an expression calls are imported. Other distributions add functions with
``FUNCTION`` objects named by entry points of the group ``sluiceway.functions``.
"""

from __future__ import annotations

import importlib
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import TemplateFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ENTRY_POINT_GROUP", "function_names", "iter_functions", "load_function"]

ENTRY_POINT_GROUP = "sluiceway.functions"
_PACKAGE = "sluiceway.expressions.functions"
_NAME = re.compile("[A-Za-z][A-Za-z0-9]{0,63}")
_WORD_START = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=256)
def load_function(name: str) -> TemplateFunction | None:
    """Import the function called *name*, as expressions spell it; ``None`` if there is none."""
    if not _NAME.fullmatch(name):
        return None
    module_name = f"{_PACKAGE}.{_WORD_START.sub('_', name).lower()}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name:
            raise
    else:
        function = getattr(module, "FUNCTION", None)
        if isinstance(function, TemplateFunction) and function.name == name:
            return function
    return next((function for function in _added() if function.name == name), None)


def iter_functions() -> Iterator[TemplateFunction]:
    """Import and yield every function there is, by module name, then those of other packages."""
    from sluiceway.extensions import discover  # noqa: PLC0415 - not on the way to a first result

    yield from (found for _, found in discover(_PACKAGE, "FUNCTION", TemplateFunction))
    yield from _added()


@cache
def _added() -> tuple[TemplateFunction, ...]:
    from sluiceway.extensions import discover_entry_points  # noqa: PLC0415 - as above

    return tuple(f for _, f in discover_entry_points(ENTRY_POINT_GROUP, TemplateFunction))


@cache
def function_names() -> tuple[str, ...]:
    """Return the names of all functions, in order; for suggestions and completion."""
    return tuple(sorted(function.name for function in iter_functions()))
