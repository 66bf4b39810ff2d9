"""What is known to be secret before a step has run: by name, by pointer, by ``functions.mask``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sluiceway.engine.context import step_random
from sluiceway.errors import LanguageError
from sluiceway.expressions import Scope, Sources, Undefined, compile_template
from sluiceway.models.masking import mask_secret_keys

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.engine.plan import Plan
    from sluiceway.engine.sealing import Payload
    from sluiceway.models.json import JsonValue

__all__ = ["known_secrets"]


def known_secrets(plan: Plan, payload: Payload, *, now: datetime) -> list[JsonValue]:
    """Return the secrets in an execution's input, as far as its flow gives them away.

    Templates that read a step's output are left for when that step is reached.
    """
    given = payload.input
    _, secrets = mask_secret_keys(given.as_json())
    if not plan.secret_templates:
        return secrets
    chance = step_random(payload.seed, "")
    scope = Scope(
        context=given.context,
        fields=given.fields,
        vars=given.vars,
        sources=Sources(
            now=now,
            random=chance,
            new_uuid=lambda: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        ),
        masked=secrets.append,
    )
    for template in plan.secret_templates:
        try:
            found = compile_template(template).resolve(scope)
        except LanguageError:
            continue
        if not isinstance(found, Undefined):
            secrets.append(found)
    return [secret for secret in secrets if secret is not None]
