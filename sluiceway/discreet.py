"""A struct's ``repr`` without what must not be read in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

if TYPE_CHECKING:
    import msgspec

__all__ = ["Discreet"]


class Discreet:
    """Beside ``msgspec.Struct`` among the bases: *withheld* fields are left out of the ``repr``.

    Secrets are withheld, and what would only make the line long.
    """

    __slots__ = ()

    withheld: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        """``Name(field=value, …)`` with the fields that may be read."""
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name in cast("msgspec.Struct", self).__struct_fields__
            if name not in self.withheld
        )
        return f"{type(self).__name__}({', '.join(shown)})"
