"""``OTP/VERIFY_CODE``: check a one-time code that a person typed in."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from msgspec import Meta
from msgspec.structs import replace

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.otp._codes import MOST_ATTEMPTS, SOURCE, Reference, canonical, hash_code

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "VerifyCode", "run"]

Result: TypeAlias = Literal["MISSING", "EXPIRED", "VALID", "UNEQUAL"]

_USED: Final = b"used:"


class VerifyCode(Params):
    """The params: the reference of the code, and what was typed in."""

    reference: Reference
    code: Annotated[
        Annotated[int, Meta(ge=0, le=9_999_999_999)] | Annotated[str, Meta(max_length=250)],
        Meta(
            title="Code",
            description="A text or a number; leading zeros may be missing.",
            extra_json_schema={"x-widget": "text"},
        ),
    ]


async def run(params: VerifyCode, context: ActionContext) -> StepOutcome:
    """Compare in constant time. A code is good once; five wrong ones throw it away.

    Several workers may check the same reference at once: each attempt is counted before the code is
    looked at, and only one of them can use it.
    """
    result = await _verify(params, context)
    return StepOutcome(output={"valid": result == "VALID", "result": result})


async def _verify(params: VerifyCode, context: ActionContext) -> Result:
    # Shown to nobody: a step that is tried again after a crash finds that it was the one.
    used_by_me = _USED + hashlib.sha256(context.idempotency_key.encode()).digest()
    while True:
        kept = await context.codes.get(params.reference)
        if kept is None:
            return "MISSING"
        if hmac.compare_digest(kept.digest, used_by_me):
            return "VALID"
        if kept.digest.startswith(_USED) or kept.attempts >= MOST_ATTEMPTS:
            return "MISSING"
        if kept.expires_at <= context.attempt_began_at:
            return "EXPIRED"
        counted = replace(kept, attempts=kept.attempts + 1)
        if not await context.codes.swap(params.reference, kept, counted):
            continue
        typed = await hash_code(
            canonical(str(params.code)), salt=kept.salt, reference=params.reference
        )
        if not hmac.compare_digest(kept.digest, typed):
            return "UNEQUAL"
        if await _use(params.reference, context, digest=kept.digest, used=used_by_me):
            return "VALID"


async def _use(reference: str, context: ActionContext, *, digest: bytes, used: bytes) -> bool:
    """Mark the code as used; tell whether nobody else had."""
    while True:
        kept = await context.codes.get(reference)
        if kept is None or kept.digest != digest:
            return False
        if await context.codes.swap(reference, kept, replace(kept, digest=used)):
            return True


ACTION = ActionSpec(
    type_="OTP",
    action="VERIFY_CODE",
    title="Verify one-time password",
    summary="Check a code that a person typed in.",
    params=VerifyCode,
    run=run,
    output={
        "type": "object",
        "properties": {
            "valid": {"type": "boolean", "description": "Whether the code is the right one."},
            "result": {
                "enum": ["MISSING", "EXPIRED", "VALID", "UNEQUAL"],
                "description": "Why: there is no code, it is too late, it is right, it is wrong.",
            },
        },
        "required": ["valid", "result"],
        "additionalProperties": False,
    },
    effect=Effect.REPEATABLE,
    source=SOURCE,
    secret_params=("/code",),
    example={"reference": "{{context.user.email}}", "code": "{{fields.verification_code}}"},
)
