"""SLW2xx: what expressions read: actions, their outputs, fields, vars, context."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.edits import replace_reference
from sluiceway.analysis.findings import Finding, Rule, RuleFamily, Severity
from sluiceway.analysis.reach import Ran, has_run, is_guarded
from sluiceway.analysis.types import output_schema_at
from sluiceway.models.json_text import did_you_mean, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.view import FlowView, Step, StepText
    from sluiceway.expressions import Reference

__all__ = ["FAMILY"]

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING
_SOFT_KEYS: Final = ("success", "error")
_SLIP: Final = 0.78

_CONTEXT: Final[dict[str, tuple[str, ...]]] = {
    "user": (
        *("user_id", "username", "name", "given_name", "family_name", "nickname", "email"),
        *("email_verified", "phone_number", "phone_verified", "picture", "user_metadata"),
        *("app_metadata", "created_at", "updated_at", "last_password_reset", "identities"),
    ),
    "organization": ("id", "name", "display_name", "metadata"),
    "client": ("client_id", "name"),
    "tenant": ("name",),
    "transaction": ("state", "correlation_id"),
    "custom_domain": ("domain", "domain_metadata"),
}
"""Auth0's page "Variables and helper functions"."""


def check(view: FlowView) -> Iterator[Finding]:
    """Yield what is read and is not there."""
    vars_set = {name for step in view.steps for name in _stored(step)} | view.facts.vars_set
    for step in view.steps:
        for text in step.texts:
            for reference in text.references:
                if reference.root == "actions":
                    yield from _check_action(view, step, text, reference)
                elif reference.root == "fields":
                    yield from _check_field(view, step, text, reference)
                elif reference.root == "vars":
                    yield from _check_var(view, step, text, reference, vars_set)
                elif reference.root == "context":
                    yield from _check_context(step, text, reference)


def _stored(step: Step) -> tuple[str, ...]:
    stored = step.params.get("vars") if step.action == "STORE_VARS" else None
    return tuple(stored) if isinstance(stored, dict) else ()


def _check_action(
    view: FlowView, step: Step, text: StepText, reference: Reference
) -> Iterator[Finding]:
    if not reference.segments:
        return
    id_, place = reference.segments[0], (reference.line, reference.column)
    target = view.by_id.get(id_)
    if target is None:
        yield _unknown_action(view, step, text, reference)
        return
    ran = has_run(target, step)
    if ran in {Ran.LATER, Ran.ITSELF}:
        what = "the action itself" if ran is Ran.ITSELF else "an action that runs later"
        yield step.finding(
            "SLW203",
            _ERROR,
            f"actions.{id_} is {what}, so this is undefined",
            at=text.pointer,
            inner=place,
            hint=f"Move {id_!r} before this action, or read another one.",
        )
        return
    if ran is Ran.NEVER:
        yield step.finding(
            "SLW204",
            _ERROR,
            f"actions.{id_} stands in the other branch of a condition, so this is undefined",
            at=text.pointer,
            inner=place,
            hint=f"Move {id_!r} before the condition.",
        )
        return
    is_excused = reference.has_default or text.param == "if" or is_guarded(step, id_)
    if ran is Ran.PERHAPS and not is_excused:
        yield step.finding(
            "SLW204",
            _WARNING,
            f"actions.{id_} may have been skipped: it stands in a branch of a condition",
            at=text.pointer,
            inner=place,
            hint=f"Write a default: {{{{ actions.{'.'.join(reference.segments)} ?? '…' }}}}.",
        )
    yield from _check_output(target, step, text, reference, is_excused=is_excused)


def _check_output(
    target: Step, step: Step, text: StepText, reference: Reference, *, is_excused: bool
) -> Iterator[Finding]:
    path, place = reference.segments[1:], (reference.line, reference.column)
    is_soft = target.allow_failure and bool(path) and path[0] in _SOFT_KEYS
    if target.spec is not None and not is_soft:
        try:
            output_schema_at(target.spec.output, path)
        except KeyError as error:
            yield _unknown_key(target, step, text, reference, error)
            return
    if target.allow_failure and not is_soft and path and not is_excused:
        yield step.finding(
            "SLW205",
            _WARNING,
            f"{target.id!r} may fail (allow_failure), and then has only success and error",
            at=text.pointer,
            inner=place,
            hint=f"Test {{{{ actions.{target.id}.success }}}} first, or write a default with ??.",
        )


def _unknown_key(
    target: Step,
    step: Step,
    text: StepText,
    reference: Reference,
    missing: KeyError,
) -> Finding:
    key: str = missing.args[0]
    known: tuple[str, ...] = missing.args[1]
    listed = ", ".join(known)
    near = near_miss(key, known)
    edit = None
    if near is not None and near.casefold() == key.casefold() and near != key:
        renamed = tuple(near if part == key else part for part in reference.segments[1:])
        edit = replace_reference(text, reference, (target.id, *renamed))
    hint = did_you_mean(key, known) or f"It has {listed}."
    if not known:
        is_top = len(reference.segments) == 2  # noqa: PLR2004 - id, key
        hint = (
            "Read it from vars."
            if target.action == "STORE_VARS" and is_top
            else ("Leave it out: what is before it has no keys.")
        )
    return step.finding(
        "SLW206",
        _ERROR,
        f"the output of {target.name} has no {key!r}{'' if known else ' there'}, "
        "so this is undefined",
        at=text.pointer,
        inner=(reference.line, reference.column),
        hint=hint,
        edit=edit,
    )


def _unknown_action(view: FlowView, step: Step, text: StepText, reference: Reference) -> Finding:
    id_, place = reference.segments[0], (reference.line, reference.column)
    aliased = [
        found
        for found in view.steps
        if found.id and found.alias and _as_id(found.alias) == _as_id(id_)
    ]
    if aliased:
        right = aliased[0].id
        edit = None
        if len(aliased) == 1:
            edit = replace_reference(text, reference, (right, *reference.segments[1:]))
        return step.finding(
            "SLW202",
            _ERROR,
            f"{id_!r} is an alias: references use the id, so this is undefined",
            at=text.pointer,
            inner=place,
            hint=f"Write actions.{right}.",
            edit=edit,
        )
    near = near_miss(id_, view.by_id)
    edit = None
    if near is not None and near.casefold() == id_.casefold():
        edit = replace_reference(text, reference, (near, *reference.segments[1:]))
    known = ", ".join(list(view.by_id)[:8])
    return step.finding(
        "SLW201",
        _ERROR,
        f"the flow has no action with the id {id_!r}, so this is undefined",
        at=text.pointer,
        inner=place,
        hint=did_you_mean(id_, view.by_id) or f"It has {known or 'no actions with ids'}.",
        edit=edit,
    )


def _as_id(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _check_field(
    view: FlowView, step: Step, text: StepText, reference: Reference
) -> Iterator[Finding]:
    if not reference.segments or reference.has_default:
        return
    form, inputs = view.facts.form, view.facts.inputs
    name = reference.segments[0]
    known: set[str] = set()
    if form is not None and form.is_complete:
        known |= {*form.fields}
    elif inputs is None:
        return
    if inputs is not None:
        known |= {*inputs.fields}
    if name not in known:
        source = "the form" if form is not None and form.is_complete else "the sample input"
        yield step.finding(
            "SLW208",
            _WARNING,
            f"{source} has no field {name!r}, so fields.{name} is undefined",
            at=text.pointer,
            inner=(reference.line, reference.column),
            hint=did_you_mean(name, known) or f"There are: {', '.join(sorted(known)) or 'none'}.",
        )


def _check_var(
    view: FlowView, step: Step, text: StepText, reference: Reference, vars_set: set[str]
) -> Iterator[Finding]:
    inputs = view.facts.inputs
    if not reference.segments or reference.has_default:
        return
    name = reference.segments[0]
    known = vars_set | ({*inputs.vars} if inputs is not None else set[str]())
    if name in known:
        return
    if inputs is None and not _is_slip(name, near_miss(name, known)):
        # Whoever renders the form may set vars; only a near miss tells of a slip.
        return
    yield step.finding(
        "SLW209",
        _WARNING,
        f"nothing sets vars.{name}, as far as this flow and its form go",
        at=text.pointer,
        inner=(reference.line, reference.column),
        hint=did_you_mean(name, known) or f"There are: {', '.join(sorted(known)) or 'none'}.",
    )


def _check_context(step: Step, text: StepText, reference: Reference) -> Iterator[Finding]:
    known: tuple[str, ...] = tuple(_CONTEXT)
    for depth, name in enumerate(reference.segments[:2]):
        if name in known:
            known = _CONTEXT.get(name, ()) if depth == 0 else ()
            continue
        near = near_miss(name, known)
        if _is_slip(name, near):
            path = ".".join(("context", *reference.segments[:depth]))
            yield step.finding(
                "SLW210",
                _WARNING,
                f"{path} has no {name!r} that Auth0 documents",
                at=text.pointer,
                inner=(reference.line, reference.column),
                hint=f"Did you mean {near!r}?",
            )
        return


def _is_slip(name: str, near: str | None) -> bool:
    """Tell whether *name* is so close to *near* that a slip is likelier than another name."""
    if near is None:
        return False
    matcher = SequenceMatcher(None, name.casefold(), near.casefold())
    return matcher.ratio() >= _SLIP


FAMILY: Final = RuleFamily(
    name="references",
    title="References",
    check=check,
    rules=(
        Rule(
            code="SLW201",
            title="Unknown action in a reference",
            severity=_ERROR,
            meaning="`{{actions.x}}` names an action that the flow does not have. The value is "
            "undefined, which shows as null or as nothing.",
            fix="Use the id of an action of this flow; references do not cross flows. `--fix` "
            "corrects upper and lower case.",
            is_fixable=True,
        ),
        Rule(
            code="SLW202",
            title="Alias used as an id",
            severity=_ERROR,
            meaning="`{{actions.x}}` names an action by its alias. References use ids, so the "
            "value is undefined.",
            fix="Write the id. `--fix` does, where one action has the alias.",
            is_fixable=True,
        ),
        Rule(
            code="SLW203",
            title="Reference to a later action",
            severity=_ERROR,
            meaning="The action that is read runs after the one that reads it, or is the same.",
            fix="Move the action that is read before the one that reads it.",
        ),
        Rule(
            code="SLW204",
            title="Reference to an action that may not have run",
            severity=_WARNING,
            meaning="The action that is read stands in a branch of a condition. Where the other "
            "branch was taken the value is undefined. It is an error where it is always so.",
            fix="Move the action before the condition, or give the value a default with `??`.",
        ),
        Rule(
            code="SLW205",
            title="Reference to an action that may have failed",
            severity=_WARNING,
            meaning="With `allow_failure` the flow goes on after a failure, and the action's "
            "output is then only `{success: false, error}`.",
            fix="Test `.success` in a condition first, or give the value a default with `??`.",
        ),
        Rule(
            code="SLW206",
            title="Unknown key of an output",
            severity=_ERROR,
            meaning="The action's output has no such key: the output's schema is closed.",
            fix="Use a key that the message lists; what a request answered is under `.body`.",
            is_fixable=True,
        ),
        Rule(
            code="SLW208",
            title="Field that the form does not have",
            severity=_WARNING,
            meaning="The form (or the sample input given with `--fields`) has no field of this "
            "id, so the value is undefined.",
            fix="Use the id of a field, or add the field to the form.",
        ),
        Rule(
            code="SLW209",
            title="Variable that nothing sets",
            severity=_WARNING,
            meaning="No Store shared variable action sets it, nor does the sample input. What "
            "renders the form may set it: without sample input only near misses are reported.",
            fix="Set it, correct its name, or give the value a default with `??`.",
        ),
        Rule(
            code="SLW210",
            title="Misspelt context",
            severity=_WARNING,
            meaning="The path is close to one that Auth0 documents, and not the same.",
            fix="Correct the name.",
        ),
    ),
)
