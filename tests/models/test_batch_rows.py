"""Rows from CSV and JSON lines, in chunks of any size."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import DefinitionError
from sluiceway.models.batch_rows import RowReader


def _read(data: bytes, format_: Literal["csv", "jsonl"] = "csv", size: int = 7) -> list[Any]:
    reader = RowReader(format_, name="users.csv")
    found = []
    for start in range(0, len(data), size):
        found.extend(reader.feed(data[start : start + size]))
    found.extend(reader.close())
    return [(row.number, row.input.as_json()) for row in found]


def _fields(data: bytes, **more: Any) -> list[Any]:
    return [given["fields"] for _, given in _read(data, **more)]


_cell = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=12)


@given(
    rows=st.lists(st.lists(_cell, min_size=2, max_size=2), max_size=8),
    size=st.integers(1, 40),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_what_a_csv_writer_writes_is_read_back(
    rows: list[list[str]], size: int, delimiter: str
) -> None:
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["email", "na me"], *rows])
    expected = [{"email": row[0], "na me": row[1]} for row in rows]
    assert _fields(text.getvalue().encode(), size=size) == expected


@given(
    rows=st.lists(
        st.dictionaries(_cell, st.integers() | _cell | st.none(), max_size=4), max_size=8
    ),
    size=st.integers(1, 40),
)
def test_json_lines_are_read_back(rows: list[dict[str, Any]], size: int) -> None:
    data = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    assert _fields(data, format_="jsonl", size=size) == rows


def test_rows_are_numbered_from_one_and_empty_lines_are_none() -> None:
    data = "\ufeffid,name\n\n1,Ädä\r\n\n2,\n".encode()
    assert _read(data) == [
        (1, {"context": {}, "fields": {"id": "1", "name": "Ädä"}, "vars": {}}),
        (2, {"context": {}, "fields": {"id": "2", "name": ""}, "vars": {}}),
    ]


def test_a_column_may_be_a_path_into_any_root() -> None:
    data = b"context.user.user_id,context.user.email,name,vars.a.b,context,fields.\n1,2,3,4,5,6\n"
    assert _read(data) == [
        (
            1,
            {
                "context": {"user": {"user_id": "1", "email": "2"}},
                "fields": {"name": "3", "context": "5", "fields.": "6"},
                "vars": {"a": {"b": "4"}},
            },
        )
    ]


def test_a_json_line_may_name_the_three_roots() -> None:
    line = b'{"fields": {"a": 1}, "vars": {"b": 2}}\n{"fields": 1}\n'
    assert _read(line, "jsonl") == [
        (1, {"context": {}, "fields": {"a": 1}, "vars": {"b": 2}}),
        (2, {"context": {}, "fields": {"fields": 1}, "vars": {}}),
    ]


@pytest.mark.parametrize(
    ("data", "format_", "message"),
    [
        (b"a,b\n1,2\n1\n", "csv", "expected 2 columns, found 1 .at users.csv, line 3"),
        (b"a,b\n\n1,2,3\n", "csv", "expected 2 columns, found 3 .at users.csv, line 3"),
        (b"a,a\n", "csv", "found 'a' twice"),
        (b"a,fields.a\n", "csv", "found 'a' and 'fields.a'"),
        (b"context.user.id,context.user\n", "csv", "found 'context.user.id' and 'context.user'"),
        (b"a,,b\n", "csv", "a name for every column"),
        (b"", "csv", "names of the fields"),
        (b'a,b\n"x,1\n2,3\n', "csv", "a closing"),
        (b'a,b\nx"y"z,"q"w\n', "csv", "line 2"),
        (b"a\n1\n\xff\n", "csv", "UTF-8, found byte 0xff; .* .at users.csv, line 3"),
        (b"name\n1\n2\n3\n4\ncaf\xe9\n", "csv", "found byte 0xe9; .*line 6"),
        (b"a\n1\n\xc3", "csv", "UTF-8.*line 3"),
        ("a\n1\n".encode("utf-16"), "csv", "it is UTF-16; save the file as UTF-8"),
        (b"a,b\r1,2\r", "csv", "found a CR alone"),
        (b"{}\n[]\n", "jsonl", "a JSON object a line .at users.csv, line 2"),
        (b"{}\n{\n", "jsonl", "expected JSON.*line 2"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(
    data: bytes, format_: Literal["csv", "jsonl"], message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        _read(data, format_)


def test_a_row_without_end_is_refused_before_memory_is() -> None:
    reader = RowReader("csv")

    def feed() -> None:
        for _ in range(100):
            list(reader.feed(b'"' + b"x" * 100_000))

    with pytest.raises(DefinitionError, match="at most"):
        feed()


def test_large_files_are_read_in_good_time() -> None:
    data = b"email,name\n" + b'ada@example.com,"Ada, L."\n' * 50_000
    assert len(_read(data, size=65_536)) == 50_000
