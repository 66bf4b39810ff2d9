"""``OTP/GENERATE_CODE``: make a one-time code for a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, OneTimeCode, Params, StepOutcome
from sluiceway.actions.otp._codes import LIFE, SALT_BYTES, SOURCE, Reference, canonical, hash_code

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "GenerateCode", "run"]


class GenerateCode(Params):
    """The params: what the code is bound to, and its length."""

    reference: Reference
    length: Annotated[
        int,
        Meta(
            title="Code length",
            description="How many digits.",
            ge=1,
            le=10,
            extra_json_schema={"x-widget": "text"},
        ),
    ]


async def run(params: GenerateCode, context: ActionContext) -> StepOutcome:
    """Make a code, keep its hash for five minutes in place of the reference's earlier one.

    The same step of the same execution gives the same code again after a crash.
    """
    code = "".join(str(context.random.randrange(10)) for _ in range(params.length))
    salt = context.random.randbytes(SALT_BYTES)
    kept = OneTimeCode(
        salt=salt,
        digest=await hash_code(canonical(code), salt=salt, reference=params.reference),
        expires_at=context.attempt_began_at + LIFE,
    )
    await context.codes.put(params.reference, kept)
    return StepOutcome(output={"code": code})


ACTION = ActionSpec(
    type_="OTP",
    action="GENERATE_CODE",
    title="Generate one-time password",
    summary="Make a numeric code that is valid for five minutes.",
    params=GenerateCode,
    run=run,
    output={
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "The code; records show it as ███."}
        },
        "required": ["code"],
        "additionalProperties": False,
    },
    effect=Effect.REPEATABLE,
    source=SOURCE,
    secret_outputs=("/code",),
    example={"reference": "{{context.user.email}}", "length": 6},
)
