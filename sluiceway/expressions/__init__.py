"""The flow expression language: ``{{ fields.email ?? 'none' }}``.

template   text with {{ expression }} in it     template.py
expression → tree (parser.py, nodes.py) → closures (compiler.py), cached
functions  one file each in functions/, found by name (library.py)
checks     what a template reads and calls (survey.py), every template of params (params.py)
"""

from __future__ import annotations

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
