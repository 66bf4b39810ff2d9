"""Whether a step has run when another one reads it: surely, perhaps, or never."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluiceway.analysis.view import Step

__all__ = ["Ran", "has_run", "is_guarded"]


class Ran(Enum):
    """What is known of a step when another one is reached."""

    SURELY = "surely"
    PERHAPS = "perhaps"
    NEVER = "never"
    LATER = "later"
    ITSELF = "itself"


def has_run(target: Step, reader: Step) -> Ran:
    """Tell whether *target* has run when *reader* is reached."""
    if target is reader:
        return Ran.ITSELF
    around = {id(ancestor): branch for ancestor, branch in reader.ancestors}
    if id(target) in around:
        return Ran.SURELY
    if target.number > reader.number:
        return Ran.LATER
    result = Ran.SURELY
    for condition, branch in target.ancestors:
        taken = around.get(id(condition))
        if taken == branch:
            return result
        if taken is not None:
            return Ran.NEVER
        # Behind the condition: the branch was taken for sure where the flow ends in the others.
        others = [name for name in ("then", "else") if name != branch]
        if not all(condition.branch_ends(name) for name in others):
            result = Ran.PERHAPS
    return result


def is_guarded(reader: Step, id_: str) -> bool:
    """Tell whether *reader* stands in a branch of a condition that asks about the step *id_*."""
    return any(
        reference.root == "actions" and reference.segments[:1] == (id_,)
        for condition, _ in reader.ancestors
        for text in condition.texts
        if text.param == "if"
        for reference in text.references
    )
