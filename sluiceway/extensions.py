"""Find the extension modules of a package: actions, providers, functions, stores, commands, routes.

A module takes part by defining one constant of the expected name. Importing it
has no other effect, so there is no global registry to reset between tests.
Other distributions take part with the same constant, named by an entry point.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["discover", "discover_entry_points"]

T = TypeVar("T")
_LOG: Final = logging.getLogger(__name__)


def discover(package: str, constant: str, kind: type[T]) -> Iterator[tuple[str, T]]:
    """Yield ``(module name, value)`` for each module below *package* that defines *constant*.

    Modules whose last name starts with ``_``, and those named ``base``, are skipped.

    Raises:
        TypeError: *constant* exists but is not a *kind*; the message names the module.
    """
    root = importlib.import_module(package)
    for info in sorted(pkgutil.walk_packages(root.__path__, f"{package}."), key=lambda i: i.name):
        leaf = info.name.rpartition(".")[2]
        if info.ispkg or leaf.startswith("_") or leaf == "base":
            continue
        value = getattr(importlib.import_module(info.name), constant, None)
        if value is None:
            continue
        if not isinstance(value, kind):
            raise TypeError(
                f"{info.name}.{constant} is {type(value).__name__}, expected {kind.__name__}"
            )
        yield info.name, value


def discover_entry_points(group: str, kind: type[T]) -> Iterator[tuple[str, T]]:
    """Yield ``(entry point name, value)`` for what other distributions offer under *group*.

    One that cannot be imported is reported and left out: it must not take the rest down with it.

    Raises:
        TypeError: the entry point names something that is not a *kind*.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - heavy, and seldom needed

    for entry in sorted(entry_points(group=group), key=lambda e: e.name):
        try:
            value = entry.load()
        except Exception as error:  # noqa: BLE001 - whatever a stranger's module raises
            _LOG.warning(
                "the package of %s (%s) cannot be loaded and is left out: %s: %s",
                entry.name,
                entry.value,
                type(error).__name__,
                error,
            )
            continue
        if not isinstance(value, kind):
            raise TypeError(
                f"entry point {entry.name} ({entry.value}) of group {group} is "
                f"{type(value).__name__}, expected {kind.__name__}"
            )
        yield entry.name, value
