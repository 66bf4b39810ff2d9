"""Dates as V8 reads them; the figures are node 24's, in UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.expressions.dates import parse_date

NAN = math.nan


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2021-13-01", NAN),
        ("2021-13-01T00:00Z", NAN),
        ("2021-04-30T25:00Z", NAN),
        ("2021-04-30T10:02:50+25:00", NAN),
        ("2021-04-30T10:02:50-01:30", 1_619_782_370_000),
        ("-000000-01-01", 978_307_200_000),
        ("-000000-01-01T00:00Z", NAN),
        ("+002021-04-30", 1_619_740_800_000),
        ("-000044-03-15", -63_549_360_000_000),
        ("+002021 Apr 30", 1_619_740_800_000),
        ("-002021 Apr 30", -125_933_529_600_000),
        ("Apr 30 2021 10:02:50.5", 1_619_776_970_500),
        ("Apr 30 2021 10:02.5", NAN),
        ("Apr 30 2021 10:02:50.x", NAN),
        ("Apr 30 2021 10:", 1_619_776_800_000),
        ("Apr 30 2021 10::5", 1_619_776_805_000),
        ("Apr 30 2021 10::5::6", NAN),
        ("Apr 30 2021 1:2:3:4", 1_619_744_523_004),
        ("Apr 30 2021 1:2:3:4:5", 1_619_744_523_004),
        ("Apr 30 2021 1:2:3:4:5: ", NAN),
        ("1 2 3 4", NAN),
        ("Apr 30 2021 10:02 PM", 1_619_820_120_000),
        ("Apr 30 2021 12:02 AM", 1_619_740_920_000),
        ("Apr 30 2021 13:02 PM", NAN),
        ("PM Apr 30 2021", 1_619_740_800_000),
        ("Apr 30 2021 10:02 UTC+2", 1_619_769_720_000),
        ("Apr 30 2021 10:02 GMT+0530", 1_619_757_120_000),
        ("Apr 30 2021 10:02 +05:30", 1_619_757_120_000),
        ("Apr 30 2021 10:02 +123", 1_619_771_940_000),
        ("Apr 30 2021 10:02 +12345", NAN),
        ("Apr 30 2021 10:02 +", NAN),
        ("Apr 30 2021 -5", NAN),
        ("Apr 30 2021 10:02 EST", 1_619_794_920_000),
        ("Apr 30 2021 (a (b) c) 10:02", 1_619_776_920_000),
        ("(Apr 30 2021", NAN),
        ("Apr) 30 2021", 1_619_740_800_000),
        ("Apr 30, 2021)", NAN),
        ("Apr 30, 2021x", NAN),
        ("foo 30 2021", NAN),
        ("Apr 30 2021 foo", NAN),
        ("2021 Apr 30", 1_619_740_800_000),
        ("30 Apr", 988_588_800_000),
        ("Apr", NAN),
        ("2021/4/30 10:02", 1_619_776_920_000),
        ("4/30/99", 925_430_400_000),
        ("4/30/49", 2_503_353_600_000),
        ("0/0/0", NAN),
        ("Apr 32 2021", NAN),
        ("99999999999 Apr 1", NAN),
        ("Apr 30 2021 24:00", 1_619_827_200_000),
        ("Apr 30 2021 24:01", NAN),
        ("Apr 30 2021 10:02:50.123456", 1_619_776_970_123),
        ("2021-ab", NAN),
        ("2021-4", 1_617_235_200_000),
        ("2021-04-30-5", NAN),
        ("-Apr 30 2021", 1_619_740_800_000),
        ("Apr-30-2021", 1_619_740_800_000),
        ("2021-04-31", 1_619_827_200_000),
        ("1900-02-29", -2_203_891_200_000),
        ("Apr 30 2021 10:02 +05:99", 1_619_758_920_000),
        ("Apr 30 2021 10:02:50 .", 1_619_776_970_000),
        ("2021-04-30T10:02 foo", NAN),
        ("2021-04-30 10:02 x 30 zz", NAN),
        ("", NAN),
    ],
)
def test_reads_what_v8_reads(text: str, milliseconds: float) -> None:
    assert repr(parse_date(text)) == repr(milliseconds)


def test_a_long_text_is_no_date() -> None:
    assert math.isnan(parse_date("2021-04-30" + " " * 1_000))


@given(st.datetimes())
def test_reads_the_standard_form_of_any_moment(moment: datetime) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    text = whole.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    since = (whole - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    assert parse_date(text) == since


@given(st.text(alphabet="0123456789-+:./, TZAPMaprgt()é", max_size=30))
def test_any_text_is_a_date_or_is_not(text: str) -> None:
    moment = parse_date(text)

    assert math.isnan(moment) or moment == int(moment)
