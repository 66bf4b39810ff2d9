"""Templates that would take the machine: each is refused, soon."""

from __future__ import annotations

import time

import pytest

from sluiceway.errors import LanguageError
from sluiceway.liquid import parse
from sluiceway.models.json import JsonObject

GROW = "{% assign s = s | replace: 'a', 'aaaaaaaaaaaaaaaaaaaa' %}"


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{" + " " * 20_000, id="spaces after the brackets"),
        pytest.param("{{ (1..30000000) | join | size }}", id="a range through filters"),
        pytest.param("{% if a %}" * 5000, id="deep blocks"),
        pytest.param("{{ " + "a[" * 3000 + "1" + "]" * 3000 + " }}", id="deep brackets"),
        pytest.param("{{ a" + ".a" * 5000 + " }}", id="a long path"),
        pytest.param("{% if " + " and ".join("a" * 3000) + " %}x{% endif %}", id="many ands"),
        pytest.param(
            "{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}",
            id="nested loops with an empty body",
        ),
        pytest.param("{% for a in (1..9999) %}x{% endfor %}" * 40, id="loops in a row"),
        pytest.param("{% assign s = 'aaaaaaaaaaaaaaaa' %}" + GROW * 8, id="a growing replace"),
        pytest.param("{% include 'itself' %}", id="a circular include"),
        pytest.param("{% include '/etc/passwd' %}", id="an absolute path"),
        pytest.param("{% constructor %}", id="a property of every object as a tag"),
        pytest.param("{{ s | split: '' | sort | size }}", id="a long list to sort"),
    ],
)
def test_refused_in_time(template: str) -> None:
    data: JsonObject = {"s": "<script>" * 40_000, "a": 1}
    begin = time.monotonic()

    with pytest.raises(LanguageError):
        parse(template).render(data, templates={"itself": "{% include 'itself' %}"})

    assert time.monotonic() - begin < 5


def test_stripping_unclosed_tags_is_linear() -> None:
    begin = time.monotonic()

    parse("{{ s | strip_html }}").render({"s": "<script>" * 40_000})

    assert time.monotonic() - begin < 1


def test_properties_of_every_object_are_not_reachable() -> None:
    assert parse("[{{ a.constructor }}{{ a.__class__ }}]").render({"a": {}}) == "[]"
