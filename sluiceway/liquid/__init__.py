"""Liquid as LiquidJS renders it, for emails, text messages and calls.

template ─ scanner.py ─▶ tokens ─ parser.py, tags/ ─▶ nodes ─ rendering.py, filters/ ─▶ text
expressions.py reads what stands in ``{{ }}`` and after a tag's name into closures; values.py has
JavaScript's comparisons and texts; limits.py what a template may use; analysis.py the checks.
"""

from __future__ import annotations

from sluiceway.liquid.limits import DEFAULT_LIMITS, Limits
from sluiceway.liquid.template import Template, parse, parse_cached

__all__ = ["DEFAULT_LIMITS", "Limits", "Template", "parse", "parse_cached"]
