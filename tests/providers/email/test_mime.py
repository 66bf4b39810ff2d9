"""What we write, the standard library's parser reads back, whatever people put into it."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.errors import ProviderRejected
from sluiceway.providers.base import Address, EmailMessage
from sluiceway.providers.mime import build_mime

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
# The parser that the tests read with is slow now and then.
unhurried = settings(deadline=None)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)
one_line = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"]), max_size=255
).map(lambda text: " ".join(text.split()))
# Words as people write them, so that folding has something to do.
sentences = st.lists(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=90),
    max_size=40,
).map(" ".join)


def mail_of(**changes: Any) -> tuple[bytes, Any]:
    given: dict[str, Any] = {
        "id": "msg_1",
        "idempotency_key": "k",
        "sender": Address(email="a@x.example"),
        "to": Address(email="b@y.example"),
        "subject": "s",
        "html": "<p>h</p>",
        "text": "h",
        "message_id": "<msg_1@x.example>",
        "created_at": AT,
        "at": AT,
    }
    data = build_mime(EmailMessage(**{**given, **changes}))
    return data, message_from_bytes(data, policy=policy.default)


def unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@unhurried
@given(html=any_text, text=any_text)
def test_bodies_come_back_as_they_were(html: str, text: str) -> None:
    data, mail = mail_of(html=html, text=text)

    plain, markup = mail.iter_parts()
    assert unified(plain.get_content()) == unified(text)
    assert unified(markup.get_content()) == unified(html)
    assert not mail.defects
    assert data.isascii()
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 78


@unhurried
@given(subject=one_line | sentences)
def test_a_subject_comes_back_as_it_was(subject: str) -> None:
    data, mail = mail_of(subject=subject)

    assert str(mail["Subject"]) == subject
    assert mail["From"].addresses[0].addr_spec == "a@x.example"
    assert len(list(mail.iter_parts())) == 2
    head = data.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 998
    # A line of nothing but spaces would end the header for some readers.
    assert all(line.strip() for line in head.split(b"\r\n"))


@pytest.mark.parametrize("length", [900, 1500, 5000])
def test_a_header_without_spaces_is_never_too_long_a_line(length: int) -> None:
    data, mail = mail_of(subject="x" * length)

    assert mail["Subject"] == "x" * length
    assert max(map(len, data.split(b"\r\n"))) <= 998


@unhurried
@given(name=one_line)
def test_a_display_name_comes_back_as_it_was(name: str) -> None:
    data, mail = mail_of(sender=Address(email="a@x.example", name=name or None))

    assert mail["From"].addresses[0].addr_spec == "a@x.example"
    # The newer parser puts a space between encoded words of a name; the older one does not.
    phrase, email = parseaddr(str(message_from_bytes(data)["From"]))
    assert email == "a@x.example"
    assert str(make_header(decode_header(phrase))) == name


@unhurried
@given(value=st.text(max_size=60))
def test_nothing_adds_a_header(value: str) -> None:
    try:
        _, mail = mail_of(subject=value, list_unsubscribe=value or None)
    except ProviderRejected:
        return
    assert set(mail.keys()) <= {
        *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
        *("List-Unsubscribe", "List-Unsubscribe-Post"),
    }
