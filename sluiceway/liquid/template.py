"""Templates, parsed once and rendered many times."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import LiquidRenderError, LiquidSyntaxError
from sluiceway.expressions.cache import TextCache
from sluiceway.liquid.limits import DEFAULT_LIMITS, Limits
from sluiceway.liquid.parser import Inventory, parse_nodes
from sluiceway.liquid.rendering import Rendering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sluiceway.liquid.nodes import Node
    from sluiceway.models.json import JsonObject

__all__ = ["Template", "parse", "parse_cached"]

_KEPT: Final = 1_000_000
_NONE: Final[Mapping[str, str]] = {}


class Template(Discreet, msgspec.Struct, frozen=True):
    """A parsed template; rendering does not change it, so that threads may share it."""

    withheld = frozenset({"nodes", "inventory"})

    source: str
    nodes: Sequence[Node]
    inventory: Inventory
    limits: Limits = DEFAULT_LIMITS

    def render(
        self,
        data: JsonObject,
        *,
        templates: Mapping[str, str] = _NONE,
        strict_variables: bool = False,
        strict_filters: bool = False,
        limits: Limits | None = None,
        now: datetime | None = None,
    ) -> str:
        """Render with *data*, which stays as it is.

        Args:
            data: what the template reads; JSON.
            templates: what ``include``, ``render`` and ``layout`` find, by name.
            strict_variables: refuse undefined variables.
            strict_filters: refuse unknown filters in *templates*.
            limits: in place of the template's own.
            now: what ``'now' | date`` shows; the system's clock without it.

        Raises:
            LiquidRenderError: a filter or a tag refuses a value, or a limit is passed.
        """
        used = limits or self.limits

        def load(name: str) -> Sequence[Node]:
            text = templates.get(name)
            if text is None:
                known = ", ".join(sorted(templates)) or "none"
                raise LiquidRenderError(
                    f"no template is named {name[:80]!r}", hint=f"There are: {known}."
                )
            try:
                return parse_cached(text, strict_filters=strict_filters).nodes
            except LiquidSyntaxError as error:
                raise LiquidRenderError(
                    f"the template {name!r} cannot be parsed: {error.message}",
                    line=error.line,
                    column=error.column,
                    source=error.source,
                ) from error

        rendering = Rendering.begin(
            data,
            limits=used,
            load=load,
            strict_variables=strict_variables,
            strict_filters=strict_filters,
            now=now,
        )
        try:
            rendering.render(self.nodes)
        except RecursionError as error:
            raise LiquidRenderError("the template or its data is nested too deep") from error
        return "".join(rendering.out)


def parse(
    source: str, *, limits: Limits = DEFAULT_LIMITS, strict_filters: bool = False
) -> Template:
    """Parse *source*.

    Raises:
        LiquidSyntaxError: it is not Liquid; line and column say where.
    """
    nodes, inventory = parse_nodes(source, limits=limits, strict_filters=strict_filters)
    return Template(source, tuple(nodes), inventory, limits)


def parse_cached(source: str, *, strict_filters: bool = False) -> Template:
    """Parse *source* under the default limits, or return what was parsed before.

    Raises:
        LiquidSyntaxError: as ``parse``.
    """
    return _strict(source) if strict_filters else _lenient(source)


_lenient = TextCache(parse, _KEPT)
_strict = TextCache(partial(parse, strict_filters=True), _KEPT)
