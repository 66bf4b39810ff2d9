"""The flow expression language: ``{{ fields.email ?? 'none' }}``.

template   text with {{ expression }} in it     template.py
expression → tree (parser.py, nodes.py) → closures (compiler.py), cached
functions  one file each in functions/, found by name (library.py)
checks     what a template reads and calls (survey.py), every template of params (params.py)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluiceway.expressions.params import (
        find_problems,
        find_syntax_errors,
        find_templates,
        resolve_params,
    )
    from sluiceway.expressions.survey import FunctionCall, Problem, Reference
    from sluiceway.expressions.template import (
        Expression,
        Template,
        compile_expression,
        compile_template,
    )
    from sluiceway.expressions.values import ROOTS, UNDEFINED, Scope, Sources, Undefined, Value

__all__ = [
    "ROOTS",
    "UNDEFINED",
    "Expression",
    "FunctionCall",
    "Problem",
    "Reference",
    "Scope",
    "Sources",
    "Template",
    "Undefined",
    "Value",
    "compile_expression",
    "compile_template",
    "find_problems",
    "find_syntax_errors",
    "find_templates",
    "resolve_params",
]

_HOMES = {
    "params": ("find_problems", "find_syntax_errors", "find_templates", "resolve_params"),
    "survey": ("FunctionCall", "Problem", "Reference"),
    "template": ("Expression", "Template", "compile_expression", "compile_template"),
    "values": ("ROOTS", "UNDEFINED", "Scope", "Sources", "Undefined", "Value"),
}


def __getattr__(name: str) -> object:
    # Liquid needs JavaScript's values alone, and a command not all of the rest: start-up counts.
    for home, names in _HOMES.items():
        if name in names:
            found: object = getattr(import_module(f"sluiceway.expressions.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
