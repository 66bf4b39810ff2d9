"""Messages that providers' tests send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sluiceway.models.message import Channel
from sluiceway.providers.base import Address, EmailMessage, PhoneMessage

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def new_email() -> Callable[..., EmailMessage]:
    def make(**changes: object) -> EmailMessage:
        given: dict[str, object] = {
            "id": "msg_1",
            "idempotency_key": "afe_1:send_email",
            "sender": Address(email="no-reply@shop.example", name="Shop"),
            "to": Address(email="ada@x.example"),
            "subject": "Grüße 🎉",
            "html": "<p>Your code: <b>123</b></p>",
            "text": "Your code: 123",
            "message_id": "<msg_1@shop.example>",
            "created_at": AT,
            "at": AT,
        }
        return EmailMessage(**{**given, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def new_phone() -> Callable[..., PhoneMessage]:
    def make(**changes: object) -> PhoneMessage:
        given: dict[str, object] = {
            "id": "msg_2",
            "idempotency_key": "afe_1:send_sms",
            "channel": Channel.SMS,
            "to": "+12025550123",
            "text": "Your code: 123 <&>",
            "created_at": AT,
            "at": AT,
        }
        return PhoneMessage(**{**given, **changes})  # type: ignore[arg-type]

    return make
