"""Messages of published flows: filtered values in conditions are compared, as was meant."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sluiceway.errors import LiquidSyntaxError
from sluiceway.liquid import parse
from sluiceway.liquid.messages import parse_message
from tests.pace import budget

DATA: Any = {"app": {"name": "Acme"}, "n": 2, "s": " x ", "list": ["a", "b"]}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% if app.name | downcase == 'acme' %}yes{% else %}no{% endif %}", "yes"),
        ("{% if app.name | downcase == 'Acme' %}yes{% else %}no{% endif %}", "no"),
        ("{% if app.name | downcase != 'acme' %}yes{% endif %}.", "."),
        ("{% if 'acme' == app.name | downcase and n == 2 %}yes{% endif %}", "yes"),
        ("{% unless s | strip == 'x' %}no{% else %}yes{% endunless %}", "yes"),
        (
            "{% if n == 1 %}1{% elsif app.name | upcase == 'ACME' %}A{% else %}no{% endif %}",
            "A",
        ),
        ("{% if list | size > 1 and s | strip contains 'x' %}yes{% endif %}", "yes"),
        (
            "{% for i in list %}{% if i | upcase == 'B' %}{{ i }}{% endif %}{% endfor %}",
            "b",
        ),
        (
            "{% if n == 2 %}{% if app.name | slice: 0, 2 == 'Ac' %}in{% endif %}{% endif %}",
            "in",
        ),
        ("a {%- if s | strip == 'x' -%} b {%- endif -%} c", "abc"),
        ("{% if 'a | b == c' | upcase == 'A | B == C' %}yes{% endif %}", "yes"),
        (
            "{% raw %}{% if a | b == c %}{% endraw %}{% if n | plus: 1 == 3 %}y{% endif %}",
            "{% if a | b == c %}y",
        ),
        ("{% if missing | downcase == 'x' %}yes{% else %}no{% endif %}", "no"),
    ],
)
def test_a_filtered_value_is_compared(source: str, text: str) -> None:
    with pytest.raises(LiquidSyntaxError):
        parse(source)

    assert parse_message(source).render(DATA) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ app.name | downcase }}",
        "{% if n == 2 %}y{% endif %}",
        "{% if n | plus: 1 %}y{% endif %}",
    ],
)
def test_what_liquidjs_takes_is_left_alone(source: str) -> None:
    assert parse_message(source).source == source


@pytest.mark.parametrize(
    "source",
    [
        "{% if %}",
        "{% if a | b == c %}",
        "{{ a | }} {% if a | b == %}x{% endif %}{% endfor %}",
        "{% if a | b == c %}x{% endif %}{{ 'open }}",
    ],
)
def test_what_is_still_wrong_is_told_as_it_was_written(source: str) -> None:
    with pytest.raises(LiquidSyntaxError) as strict:
        parse(source)
    with pytest.raises(LiquidSyntaxError) as caught:
        parse_message(source)

    assert (caught.value.message, caught.value.line, caught.value.column) == (
        strict.value.message,
        strict.value.line,
        strict.value.column,
    )


@pytest.mark.parametrize(
    "source",
    [
        "{% comment %}{% if a | b == c %}{% endcomment %}{% if n | plus: 1 == 3 %}y{% endif %}",
        "{%- comment -%}x{%- endcomment -%}{%- if n | plus: 1 == 3 -%}y{%- endif -%}",
    ],
)
def test_comments_are_left_alone(source: str) -> None:
    assert parse_message(source).render(DATA) == "y"


@pytest.mark.parametrize("piece", ["{% if ", "{% if 'a", "{% if a | b == c %}", "{% if a | '"])
def test_what_is_not_closed_is_refused_soon(piece: str) -> None:
    begin = time.thread_time()

    with pytest.raises(LiquidSyntaxError):
        parse_message(piece * 10_000)

    assert time.thread_time() - begin < budget(1)
