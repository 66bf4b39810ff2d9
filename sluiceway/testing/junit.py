"""Results in JUnit's XML, which CI services read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.testing.runner import CaseResult

__all__ = ["junit_xml"]

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Sequence[CaseResult]) -> str:
    """Return the results as XML: a test suite for each file of cases."""
    by_file: dict[str, list[CaseResult]] = {}
    for result in results:
        by_file.setdefault(result.file, []).append(result)
    suites = "".join(_suite(file, several) for file, several in by_file.items())
    total = f"tests={_quoted(len(results))} {_counts(results)}"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {total}>\n{suites}</testsuites>\n'


def _counts(results: Sequence[CaseResult]) -> str:
    failures = sum(bool(result.problems) for result in results)
    errors = sum(bool(result.broken) for result in results)
    skipped = sum(bool(result.skipped) for result in results)
    seconds = sum(result.seconds for result in results)
    return (
        f"failures={_quoted(failures)} errors={_quoted(errors)} skipped={_quoted(skipped)} "
        f"time={_quoted(f'{seconds:.3f}')}"
    )


def _suite(file: str, results: Sequence[CaseResult]) -> str:
    cases = "".join(_case(file, result) for result in results)
    head = f"name={_quoted(file)} tests={_quoted(len(results))} {_counts(results)}"
    return f"  <testsuite {head}>\n{cases}  </testsuite>\n"


def _case(file: str, result: CaseResult) -> str:
    class_name = file.replace("/", ".").removesuffix(".yaml").removesuffix(".yml")
    head = (
        f"    <testcase classname={_quoted(class_name)} name={_quoted(result.name)} "
        f"file={_quoted(file)} time={_quoted(f'{result.seconds:.3f}')}"
    )
    if result.skipped:
        return f"{head}>\n      <skipped message={_quoted(result.skipped)}/>\n    </testcase>\n"
    if result.broken:
        return f"{head}>\n      <error message={_quoted(result.broken)}/>\n    </testcase>\n"
    if result.problems:
        text = escape(_clean("\n".join(result.problems)))
        first = _quoted(result.problems[0].split("\n")[0])
        return f"{head}>\n      <failure message={first}>{text}</failure>\n    </testcase>\n"
    return f"{head}/>\n"


def _quoted(value: object) -> str:
    return quoteattr(_clean(str(value)))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
