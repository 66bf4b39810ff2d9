"""Read the rows of a batch from CSV or JSON lines, chunk by chunk: any size, in bounded memory."""

from __future__ import annotations

import codecs
import csv
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import msgspec

from sluiceway.errors import DefinitionError
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.json_text import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["BatchRow", "RowFormat", "RowReader"]

RowFormat: TypeAlias = Literal["csv", "jsonl"]

_LONGEST_RECORD: Final = 1024 * 1024
_PARTS: Final = frozenset({"context", "fields", "vars"})
_DELIMITERS: Final = (",", ";", "\t")


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row: its number, counted from 1, and what the flow is started with for it.

    Within its batch a row is known by its *key*: its number, unless the caller has a better one.
    """

    number: int
    input: ExecutionInput
    key: str = ""

    @property
    def name(self) -> str:
        """What the row is known by."""
        return self.key or str(self.number)


class RowReader:
    """Takes chunks of bytes and gives rows.

    CSV has names in its first line: of fields, or paths like ``context.user.user_id``; every value
    is a text. A JSON line is an object: the fields, or ``{context, fields, vars}`` where it has no
    other keys.
    """

    def __init__(self, format_: RowFormat, *, name: str = "the rows", first: int = 1) -> None:
        """Start; *name* is what messages call the source, *first* the first row's number."""
        self._format = format_
        self._name = name
        self._number = first
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._rest = ""
        self._scanned = 0
        self._is_quoted = False
        self._line = 1
        self._head: list[tuple[str, ...]] | None = None
        self._delimiter = ","

    def feed(self, chunk: bytes) -> Iterator[BatchRow]:
        """Yield the rows that *chunk* completes. Use the whole iterator before the next chunk.

        Raises:
            DefinitionError: a row cannot be read; ``at`` names its line.
        """
        yield from self._take(self._decode(chunk, final=False), is_end=False)

    def close(self) -> Iterator[BatchRow]:
        """Yield what is left at the end of the source. Raises ``DefinitionError`` as ``feed``."""
        yield from self._take(self._decode(b"", final=True), is_end=True)
        if self._format == "csv" and self._head is None:
            raise self._refusal("expected a first line with the names of the fields, found none")

    def _decode(self, chunk: bytes, *, final: bool) -> str:
        try:
            return self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            # What was fed before and is no whole row yet has line ends, too.
            self._line += self._rest.count("\n") + error.object[: error.start].count(b"\n")
            found = f"found byte 0x{error.object[error.start]:02x}"
            if error.object.startswith((b"\xff\xfe", b"\xfe\xff")):
                found = "it is UTF-16"
            raise self._refusal(f"expected UTF-8, {found}; save the file as UTF-8") from error

    def _take(self, text: str, *, is_end: bool) -> Iterator[BatchRow]:
        whole, start = self._rest + text, 0
        try:
            while (end := self._end_of_record(whole, start, is_end=is_end)) is not None:
                record, start = whole[start:end], end
                if record.strip():
                    row = self._row(record)
                    if row is not None:
                        yield row
                self._line += record.count("\n")
        finally:
            self._rest = whole[start:]
            self._scanned -= start

    def _end_of_record(self, whole: str, start: int, *, is_end: bool) -> int | None:
        """Return where the record at *start* ends; a quoted field may hold line ends."""
        while True:
            newline = whole.find("\n", self._scanned)
            stop = len(whole) if newline < 0 else newline + 1
            if self._format == "csv" and whole.count('"', self._scanned, stop) % 2:
                self._is_quoted = not self._is_quoted
            self._scanned = stop
            if stop - start > _LONGEST_RECORD:
                raise self._refusal(f"expected rows of at most {_LONGEST_RECORD} characters")
            if newline >= 0 and not self._is_quoted:
                return stop
            if newline < 0:
                break
        if not is_end or start == len(whole):
            return None
        if self._is_quoted:
            raise self._refusal('expected a closing ", found the end')
        return len(whole)

    def _row(self, record: str) -> BatchRow | None:
        if self._format == "jsonl":
            return self._numbered(self._json_input(record))
        if self._head is None:
            self._head = self._read_head(record)
            return None
        cells = self._cells(record)
        if len(cells) != len(self._head):
            raise self._refusal(f"expected {len(self._head)} columns, found {len(cells)}")
        input_ = ExecutionInput()
        roots: Any = input_.as_json()
        for path, cell in zip(self._head, cells, strict=True):
            here = roots
            for key in path[:-1]:
                here = here.setdefault(key, {})
            here[path[-1]] = cell
        return self._numbered(input_)

    def _numbered(self, input_: ExecutionInput) -> BatchRow:
        row = BatchRow(number=self._number, input=input_)
        self._number += 1
        return row

    def _read_head(self, record: str) -> list[tuple[str, ...]]:
        # Spreadsheets of some countries write semicolons; an export may have tabs.
        self._delimiter = max(_DELIMITERS, key=record.count)
        head = [cell.strip() for cell in self._cells(record)]
        if "" in head:
            raise self._refusal("expected a name for every column, found an empty one")
        twice = {name for name in head if head.count(name) > 1}
        if twice:
            raise self._refusal(f"expected each column once, found {min(twice)!r} twice")
        paths: dict[tuple[str, ...], str] = {}
        for name in head:
            path = _path_of(name)
            for taken, other in paths.items():
                if path[: len(taken)] == taken[: len(path)]:
                    raise self._refusal(f"expected a place a column, found {other!r} and {name!r}")
            paths[path] = name
        return list(paths)

    def _cells(self, record: str) -> list[str]:
        line = record.rstrip("\r\n")
        try:
            (cells,) = csv.reader([line], delimiter=self._delimiter, strict=True)
        except (csv.Error, ValueError):
            pass
        else:
            return cells
        try:
            # A quoted field with line ends in it.
            found = list(
                csv.reader(line.splitlines(keepends=True), delimiter=self._delimiter, strict=True)
            )
        except csv.Error as error:
            raise self._refusal(f"expected comma-separated values, found: {error}") from error
        if len(found) != 1:
            raise self._refusal(
                "expected lines that end with LF or CR LF, found a CR alone; save the file anew"
            )
        return found[0]

    def _json_input(self, record: str) -> ExecutionInput:
        try:
            value: Any = parse_json(record.encode())
        except DefinitionError as error:
            raise self._refusal(error.message) from error
        if not isinstance(value, dict):
            raise self._refusal("expected a JSON object a line")
        found = cast("dict[str, Any]", value)
        if found.keys() <= _PARTS and all(isinstance(part, dict) for part in found.values()):
            return ExecutionInput(
                context=found.get("context", {}),
                fields=found.get("fields", {}),
                vars=found.get("vars", {}),
            )
        return ExecutionInput(fields=found)

    def _refusal(self, message: str) -> DefinitionError:
        return DefinitionError(message, at=f"{self._name}, line {self._line}")


def _path_of(column: str) -> tuple[str, ...]:
    """Return where a column's values go: a path into a root, or else a field of that name."""
    path = tuple(column.split("."))
    return path if len(path) > 1 and path[0] in _PARTS and all(path) else ("fields", column)
