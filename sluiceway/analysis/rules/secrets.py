"""SLW6xx: secrets written in clear, and one-time codes and tokens that records show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.findings import Edit, Finding, Rule, RuleFamily, Severity
from sluiceway.errors import ExpressionSyntaxError
from sluiceway.expressions.nodes import Access, Call, Root
from sluiceway.models.json_text import escape_pointer
from sluiceway.models.masking import is_secret_name
from sluiceway.vault.hosts import is_host_written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.view import FlowView, Step, StepText
    from sluiceway.models.json import JsonValue

__all__ = ["FAMILY"]

_KNOWN_SHAPES: Final = (
    ("a Stripe key", re.compile(r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}")),
    ("a SendGrid key", re.compile(r"\bSG\.[\w-]{16,}\.[\w-]{16,}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a Google API key", re.compile(r"\bAIza[\w-]{35}\b")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("a JSON Web Token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    ("a bearer token", re.compile(r"(?i)^\s*bearer\s+(?!\{\{)[\w.~+/=-]{16,}\s*$")),
    ("a password", re.compile(r"(?i)^\s*basic\s+(?!\{\{)[A-Za-z0-9+/]{12,}={0,2}\s*$")),
    ("a password in an address", re.compile(r"https?://[^/\s:@{]+:[^/\s:@{]+@")),
)
_PLACEHOLDER: Final = re.compile(
    r"\s*(?:[#@]{1,2}\w[\w -]*[#@]{1,2}|<[^>]*>|\$\{.*\}|\*+|█+|x{3,}|\.{3}|…|"
    r"(?:your|my|change|replace|example|redacted|dummy|test|todo|none|null|secret)[\w .-]*)\s*",
    re.IGNORECASE,
)
_MASKED_ALREADY: Final = frozenset({"OTP", "JWT"})


def check(view: FlowView) -> Iterator[Finding]:
    """Yield secrets that can be read: in the flow itself, or in the records of its runs."""
    for step in view.steps:
        for key, value in step.own_params.items():
            if key not in step.liquid_params:
                yield from _clear(step, f"{step.at}/params/{escape_pointer(key)}", key, value)
        for text in step.texts:
            yield from _unmasked(view, step, text)
        yield from _led_elsewhere(step)
    yield from _unmasked_outputs(view)


def _clear(step: Step, at: str, key: str, value: JsonValue) -> Iterator[Finding]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _clear(step, f"{at}/{escape_pointer(name)}", name, item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _clear(step, f"{at}/{index}", key, item)
    elif isinstance(value, str) and value:
        for what, shape in _KNOWN_SHAPES:
            if shape.search(value):
                yield step.finding(
                    "SLW601",
                    Severity.ERROR,
                    f"this looks like {what}, written in clear",
                    at=at,
                    hint="Put it into a vault connection, and replace it: it is known by now.",
                )
                return
        if is_secret_name(key) and "{{" not in value and not _PLACEHOLDER.fullmatch(value):
            yield step.finding(
                "SLW601",
                Severity.WARNING,
                f"{key!r} is written in clear",
                at=at,
                hint="Put it into a vault connection, or pass it in vars.",
            )


def _unmasked(view: FlowView, step: Step, text: StepText) -> Iterator[Finding]:
    if isinstance(text.template, ExpressionSyntaxError) or text.param == "if":
        return
    whole = text.template.whole
    if whole is None or not isinstance(whole.node, Access) or not isinstance(whole.node.base, Root):
        return
    keys = [part for part in whole.node.steps if isinstance(part, str)]
    if not keys or (step.type, step.action) == ("OTP", "VERIFY_CODE"):
        return
    edit = Edit(text.pointer, f"{{{{ functions.mask({text.text.strip()[2:-2].strip()}) }}}}")
    source = view.by_id.get(keys[0]) if whole.node.base.name == "actions" else None
    if source is not None and source.name == "OTP/GENERATE_CODE" and keys[1:] == ["code"]:
        yield step.finding(
            "SLW603",
            Severity.INFO,
            "Auth0's debugger shows the one-time code in this step's input",
            at=text.pointer,
            inner=(1, 1),
            hint="Mask it: {{ functions.mask(…) }}. Sluiceway masks it either way.",
            edit=edit,
        )
    elif whole.node.base.name in {"vars", "fields"} and is_secret_name(keys[-1]):
        yield step.finding(
            "SLW602",
            Severity.WARNING,
            f"Auth0's debugger shows the value of {whole.node.base.name}.{'.'.join(keys)}",
            at=text.pointer,
            inner=(1, 1),
            hint="Mask it: {{ functions.mask(…) }}; later steps still get the value.",
            edit=edit,
        )


def _led_elsewhere(step: Step) -> Iterator[Finding]:
    """Find credentials that go wherever an expression says."""
    url = step.params.get("url")
    if step.name != "HTTP/SEND_REQUEST" or not step.params.get("connection_id"):
        return
    if isinstance(url, str) and not is_host_written(url):
        yield step.finding(
            "SLW604",
            Severity.WARNING,
            "an expression says which host gets the connection's credentials",
            at=f"{step.at}/params/url",
            hint="Write the host, or name the ones that may have them: "
            "sluiceway vault update NAME --host HOST.",
        )


def _unmasked_outputs(view: FlowView) -> Iterator[Finding]:
    """Find steps that give a token which another one reads, and whose output is shown."""
    reported: set[str] = set()
    for step in view.steps:
        for text in step.texts:
            for reference in text.references:
                if reference.root != "actions" or len(reference.segments) < 2:  # noqa: PLR2004 - id, key
                    continue
                source = view.by_id.get(reference.segments[0])
                is_token = is_secret_name(reference.segments[-1])
                if source is None or not is_token or source.id in reported:
                    continue
                if source.document.get("mask_output") is True or source.type in _MASKED_ALREADY:
                    continue
                if isinstance(text.template, ExpressionSyntaxError) or _is_masked(text):
                    continue
                reported.add(source.id)
                yield source.finding(
                    "SLW602",
                    Severity.WARNING,
                    f"the output holds {reference.segments[-1]!r}, and Auth0's debugger shows it",
                    at=f"{source.at}/mask_output" if "mask_output" in source.document else "",
                    hint='Set "mask_output": true; later steps still get the value.',
                    edit=Edit(f"{source.at}/mask_output", value=True),
                )


def _is_masked(text: StepText) -> bool:
    template = text.template
    if isinstance(template, ExpressionSyntaxError) or template.whole is None:
        return False
    return isinstance(template.whole.node, Call) and template.whole.node.name == "mask"


FAMILY: Final = RuleFamily(
    name="secrets",
    title="Secrets",
    check=check,
    rules=(
        Rule(
            code="SLW601",
            title="Secret in clear",
            severity=Severity.ERROR,
            meaning="The flow holds a key, a token or a password. Whoever reads the flow, its "
            "exports or its history has it. It is a warning where only the key's name says so.",
            fix="Put it into a vault connection, or pass it in vars; and replace it.",
        ),
        Rule(
            code="SLW602",
            title="Secret that records show",
            severity=Severity.WARNING,
            meaning="A token or password passes through a step unmasked. Sluiceway hides it by its "
            "name and value; Auth0's debugger shows it.",
            fix="Use functions.mask, or set mask_output on the step that gives it. `--fix` does.",
            is_fixable=True,
        ),
        Rule(
            code="SLW603",
            title="One-time code that records show",
            severity=Severity.INFO,
            meaning="Auth0 masks the code in the output of Generate code, and shows it in the "
            "input of the step that sends it.",
            fix="Use functions.mask. `--fix` does.",
            is_fixable=True,
        ),
        Rule(
            code="SLW604",
            title="Credentials led by an expression",
            severity=Severity.WARNING,
            meaning="The URL's host comes from an expression, and a vault connection signs the "
            "request in: whoever gives the value gets the credentials. Sluiceway refuses it unless "
            "the connection names its hosts.",
            fix="Write the host in the URL, or `sluiceway vault update NAME --host HOST`.",
        ),
    ),
)
