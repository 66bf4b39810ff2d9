"""From what a step queued to a message with nothing left to look up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sluiceway.errors import ProviderRejected
from sluiceway.models.message import EmailContent
from sluiceway.providers.base import EmailMessage
from sluiceway.providers.resolve import Posting, resolve_email

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
POSTING = Posting(id="msg_1", idempotency_key="k", created_at=AT, at=AT)


def resolved(default_from: str | None = "shop@x.example", **given: Any) -> EmailMessage:
    content = EmailContent(**{"to": "ada@x.example", "subject": "s", "html": "<p>h</p>", **given})
    return resolve_email(content, POSTING, default_from=default_from)


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ("https://x.example/u?a=1", "<https://x.example/u?a=1>"),
        (
            "<https://x.example/u>, <mailto:u@x.example>",
            "<https://x.example/u>, <mailto:u@x.example>",
        ),
        ("https://x.example/u?a=1,2", "<https://x.example/u?a=1,2>"),
        ("mailto:u@x.example?subject=stop", "<mailto:u@x.example?subject=stop>"),
        ("  ", None),
        (None, None),
    ],
)
def test_the_address_to_unsubscribe_by_becomes_a_header(
    given: str | None, header: str | None
) -> None:
    message = resolved(list_unsubscribe=given)

    assert message.list_unsubscribe == header
    one_click = "List-Unsubscribe=One-Click" if header and "https:" in header else None
    assert message.extra_headers.get("List-Unsubscribe-Post") == one_click


@pytest.mark.parametrize(
    "given",
    [
        "http://x.example/u",
        "javascript:alert(1)",
        "https://x.example\r\nBcc: e@x",
        "word",
        "https://x.example/>, x",
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ProviderRejected, match="unsubscribe"):
        resolved(list_unsubscribe=given)


@pytest.mark.parametrize(
    ("given", "language"),
    [("de", "de"), ("pt-BR", "pt-BR"), ("zh-Hant-TW", "zh-Hant-TW"), ("x\r\ny", None), ("", None)],
)
def test_the_language_is_told_where_it_is_one(given: str, language: str | None) -> None:
    assert resolved(language=given).language == language


def test_a_sender_is_needed_and_found_in_order() -> None:
    with pytest.raises(ProviderRejected, match="sender"):
        resolved(default_from=None)
    assert resolved().sender.email == "shop@x.example"
    own = resolved(sender_email="a@y.example", sender_name="A")
    assert (own.sender.email, own.sender.name) == ("a@y.example", "A")
    named = resolved(default_from="Shop <shop@x.example>")
    assert (named.sender.email, named.sender.name) == ("shop@x.example", "Shop")
    assert named.message_id == "<msg_1@x.example>"
