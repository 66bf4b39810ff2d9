"""SLW5xx: Liquid in emails, text messages and calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.findings import Finding, Rule, RuleFamily, Severity
from sluiceway.analysis.types import types_of_template
from sluiceway.errors import ExpressionSyntaxError, LiquidSyntaxError
from sluiceway.expressions import ROOTS, compile_template
from sluiceway.expressions.nodes import Call
from sluiceway.liquid.analysis import FindingKind, analyse, variables_used
from sluiceway.liquid.messages import parse_message
from sluiceway.liquid.variables import NOTIFICATION_VARIABLES
from sluiceway.models.json_text import escape_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.view import FlowView, Step
    from sluiceway.expressions import Template
    from sluiceway.liquid import analysis
    from sluiceway.models.json import JsonValue

__all__ = ["FAMILY"]

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING
_FLOW_ROOTS: Final = frozenset({*ROOTS, "functions"})
_FLOW_EXPRESSION: Final = re.compile(r"\{\{-?\s*(context|fields|vars|actions|functions)\s*[.\[]")
_HTML: Final = frozenset({("SEND_EMAIL", "body")})
_HARMLESS_CALLS: Final = frozenset(
    {
        *("encodeURIComponent", "includes", "indexOf", "length", "md5", "now", "random"),
        *("sha1", "sha256", "sha512", "toBoolean", "toNumber", "toTimestamp", "uuid"),
    }
)
_HARMLESS_OUTPUTS: Final = {
    "OTP/GENERATE_CODE": "code",
    "JWT/SIGN_JWT": "token",
}
_HARMLESS_CONTEXT: Final = frozenset(
    {"user_id", "email_verified", "phone_verified", "created_at", "updated_at"}
)


def check(view: FlowView) -> Iterator[Finding]:
    """Yield what is wrong with the Liquid of the flow's notifications."""
    for step in view.steps:
        for param in step.liquid_params:
            text = step.params.get(param)
            if isinstance(text, str):
                yield from _check_template(view, step, param, text)
        if step.is_notification:
            yield from _unused(step)


def _check_template(view: FlowView, step: Step, param: str, text: str) -> Iterator[Finding]:
    found = analyse(
        text,
        variables=NOTIFICATION_VARIABLES,
        custom_vars=_custom_vars(step),
        is_html=(step.action, param) in _HTML,
    )
    for one in found:
        code, severity, message, hint = _as_rule(one, text)
        if code == "SLW506" and _is_harmless(view, step, one.name):
            continue
        yield step.finding(
            code,
            severity,
            message,
            at=f"{step.at}/params/{param}",
            inner=(one.line, one.column),
            hint=hint,
        )


def _custom_vars(step: Step) -> list[str] | None:
    """Return the names that the action sets, ``None`` where an expression gives them."""
    given = step.params.get("custom_vars")
    if isinstance(given, dict):
        return list(given)
    return [] if given is None else None


def _as_rule(found: analysis.Finding, text: str) -> tuple[str, Severity, str, str]:
    """Return code, severity, message and hint for what Liquid's own check says."""
    root = found.name.partition(".")[0]
    if found.kind is FindingKind.SYNTAX:
        line = text.split("\n")[found.line - 1]
        flow = _FLOW_EXPRESSION.search(line)
        if flow is None or flow[1] != "functions":
            hint = found.hint or "Correct the template; `sluiceway render` tries it out."
            if "after the name of the filter" in found.message:
                hint = "A condition takes no filter: assign the filtered value to a name first."
                if _is_readable(text):
                    message = "a condition compares a filtered value, which newer LiquidJS refuses"
                    return "SLW509", _WARNING, message, hint
            return "SLW501", _ERROR, found.message, hint
        root = "functions"
    elif found.kind is FindingKind.UNKNOWN_TAG:
        return "SLW502", _ERROR, found.message, found.hint or "See Auth0's list of tags."
    elif found.kind is FindingKind.UNKNOWN_FILTER:
        return "SLW503", _WARNING, found.message, found.hint or "See Auth0's list of filters."
    elif found.kind is FindingKind.UNESCAPED:
        return "SLW506", _WARNING, found.message, found.hint
    if root in _FLOW_ROOTS:
        return (
            "SLW507",
            _ERROR,
            f"this text is Liquid, which knows no {root!r}: it renders as nothing",
            "Put the expression into custom_vars, and write {{ custom_vars.… }} here.",
        )
    if root == "custom_vars":
        return "SLW505", _WARNING, found.message, found.hint
    return "SLW504", _WARNING, found.message, found.hint


def _is_readable(text: str) -> bool:
    """Tell whether the message is rendered all the same, as its author meant it."""
    try:
        parse_message(text)
    except LiquidSyntaxError:
        return False
    return True


def _is_harmless(view: FlowView, step: Step, name: str) -> bool:
    """Tell whether a custom variable can hold no markup, because of what it is made from."""
    root, _, key = name.partition(".")
    values = step.params.get("custom_vars")
    if root != "custom_vars" or not isinstance(values, dict):
        return False
    if key not in values:  # SLW505 says so already
        return True
    return _holds_no_markup(view, values[key])


def _holds_no_markup(view: FlowView, value: JsonValue) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, list | dict)
    if "{{" not in value:
        return True
    try:
        template = compile_template(value)
    except ExpressionSyntaxError:
        return True
    types = types_of_template(template, view)
    if template.is_whole and types is not None and types <= {"number", "boolean", "null"}:
        return True
    return _all_harmless(view, template)


def _all_harmless(view: FlowView, template: Template) -> bool:
    whole = template.whole
    if whole is not None and isinstance(whole.node, Call) and whole.node.name in _HARMLESS_CALLS:
        return True
    for reference in template.references:
        if reference.root == "actions" and reference.segments:
            source = view.by_id.get(reference.segments[0])
            expected = _HARMLESS_OUTPUTS.get(source.name) if source else None
            if expected is None or reference.segments[1:] != (expected,):
                return False
        elif reference.root != "context" or not _HARMLESS_CONTEXT & {*reference.segments[-1:]}:
            return False
    return True


def _unused(step: Step) -> Iterator[Finding]:
    values = step.params.get("custom_vars")
    if not isinstance(values, dict):
        return
    used: set[str] = set()
    for param in step.liquid_params:
        text = step.params.get(param)
        try:
            uses = variables_used(text) if isinstance(text, str) else ()
        except (LiquidSyntaxError, RecursionError):
            return
        for use in uses:
            if use.path[0] == "custom_vars":
                if len(use.path) == 1:
                    return
                used.add(use.path[1])
    for key in values:
        if key not in used:
            yield step.finding(
                "SLW508",
                Severity.INFO,
                f"no text of this action reads custom_vars.{key}",
                at=f"{step.at}/params/custom_vars/{escape_pointer(key)}",
                hint="Use it, or remove it.",
                on_key=True,
            )


FAMILY: Final = RuleFamily(
    name="templates",
    title="Liquid templates",
    check=check,
    rules=(
        Rule(
            code="SLW501",
            title="Liquid that cannot be read",
            severity=_ERROR,
            meaning="The template has a syntax error: the notification fails when it is reached.",
            fix="Correct the place that the message names; `sluiceway render` tries a template.",
        ),
        Rule(
            code="SLW502",
            title="Unknown Liquid tag",
            severity=_ERROR,
            meaning="There is no such tag: the notification fails when it is reached.",
            fix="Use one of Auth0's documented tags.",
        ),
        Rule(
            code="SLW503",
            title="Unknown Liquid filter",
            severity=_WARNING,
            meaning="There is no such filter: the value passes through unchanged.",
            fix="Use one of Auth0's documented filters.",
        ),
        Rule(
            code="SLW504",
            title="Unknown Liquid variable",
            severity=_WARNING,
            meaning="Notifications have no such variable: it renders as nothing.",
            fix="Use a documented variable, or pass the value in custom_vars.",
        ),
        Rule(
            code="SLW505",
            title="Custom variable that is not set",
            severity=_WARNING,
            meaning="The template reads a key that the action's custom_vars does not have: it "
            "renders as nothing.",
            fix="Add the key to custom_vars, or correct its name.",
        ),
        Rule(
            code="SLW506",
            title="User data in HTML without escaping",
            severity=_WARNING,
            meaning="What people type is put into the email's HTML as it is: they can add links "
            "and pictures to mails that you send. What cannot hold markup is not reported.",
            fix="Add the filter: `{{ user.name | escape }}`.",
        ),
        Rule(
            code="SLW507",
            title="Expression where Liquid is meant",
            severity=_ERROR,
            meaning="Subject, body and message of notifications are Liquid. It has no context, "
            "fields, vars, actions or functions: they render as nothing.",
            fix='Pass the value: `"custom_vars": {"code": "{{actions.otp.code}}"}`, and write '
            "`{{ custom_vars.code }}` in the text.",
        ),
        Rule(
            code="SLW509",
            title="Filter in a condition",
            severity=_WARNING,
            meaning="Sluiceway compares the filtered value; LiquidJS 9.42 and later refuse the "
            "template, and earlier ones drop the comparison.",
            fix="Assign the filtered value to a name first, and compare that.",
        ),
        Rule(
            code="SLW508",
            title="Custom variable that is not used",
            severity=Severity.INFO,
            meaning="No text of the action reads it.",
            fix="Use it, or remove it.",
        ),
    ),
)
