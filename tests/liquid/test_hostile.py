"""Templates that would take the machine, or get out of the engine: each class that broke others.

CVE-2026-45618: tags and filters looked up on ``Object.prototype``. CVE-2026-44645: loops with an
empty body, not counted. CVE-2026-45617: ``strip_html`` in quadratic time. CVE-2026-41311: blocks
in a circle. CVE-2026-35525: files read through a link. CVE-2026-55575: ``pop``, not charged for.
python-liquid 2.2.1: an endless ``case``; 2.2.0: absolute paths.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import Any

import pytest

from sluiceway.errors import LanguageError, LiquidRenderError, LiquidSyntaxError
from sluiceway.liquid import DEFAULT_LIMITS, Limits, parse
from tests.pace import budget

# Rendering stops after a second; the rest is for parsing.
SECONDS = 1.5
BYTES = 64 * 1024 * 1024
GROW = "{% assign s = s | replace: 'a', 'aaaaaaaaaaaaaaaaaaaa' %}"
DATA: Any = {
    "s": "<script>" * 40_000,
    "a": 1,
    "huge": 1e308,
    "list": [*range(200_000)],
    "texts": [str(number) for number in range(100_000)],
    "objects": [{"n": number % 7, "v": str(number)} for number in range(50_000)],
    "wide": "é😀" * 100_000,
}
TEMPLATES = {
    "itself": "{% include 'itself' %}",
    "rendered": "{% render 'rendered' %}",
    "laid": "{% layout 'laid' %}",
    "one": "{% include 'two' %}",
    "two": "{% render 'one' %}",
    "wheel": "{% block b %}{% block b %}{{ block.super }}{% endblock %}{% endblock %}",
    "turn": "{% layout 'wheel' %}{% block b %}{% block b %}x{% endblock %}{% endblock %}",
    "p": "x",
}


def many(text: str, times: int = 400) -> str:
    return "{% for i in (1..9999) %}" + text * (times // 400) + "{% endfor %}"


REFUSED = {
    "spaces after the brackets": "{{" + " " * 20_000,
    "many open brackets": "{{" * 100_000,
    "many open tags": "{%" * 100_000,
    "quotes that open": "{{ '" * 100_000,
    "raw that is not closed": "{% raw %}" + "{% endra" * 50_000,
    "raw that is ended, almost": "{% raw %}" + "{% endraw " * 50_000,
    "comments that are not closed": "{% comment %}" * 20_000,
    "a range through filters": "{{ (1..30000000) | join | size }}",
    "a range of ranges": "{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}",
    "an endless range": "{% for a in (1..huge) %}{% endfor %}",
    "another": "{{ (1..9999999999999999) | size }}",
    "deep blocks": "{% if a %}" * 5_000,
    "deep blocks that close": "{% if a %}" * 3_000 + "{% endif %}" * 3_000,
    "deep brackets": "{{ " + "a[" * 3_000 + "1" + "]" * 3_000 + " }}",
    "deep ranges": "{{ " + "(" * 3_000 + "1" + "..1)" * 3_000 + " }}",
    "a long path": "{{ a" + ".a" * 5_000 + " }}",
    "many ands": "{% if " + " and ".join("a" * 3_000) + " %}x{% endif %}",
    "loops in a row": "{% for a in (1..9999) %}x{% endfor %}" * 40,
    "an empty case in loops": many("{% case a %}{% when 2 %}{% endcase %}" * 30),
    "a growing replace": "{% assign s = 'aaaaaaaaaaaaaaaa' %}" + GROW * 8,
    "a growing append": "{% assign x = 'x' %}" + "{% assign x = x | append: x %}" * 40,
    "a growing capture": "{% assign x = 'xxxx' %}"
    + "{% capture x %}{{ x }}{{ x }}{{ x }}{{ x }}{% endcapture %}" * 20,
    "a growing list": "{% assign x = list %}" + "{% assign x = x | concat: x %}" * 20,
    "a growing split": "{% for i in (1..99) %}{{ s | split: '' | size }}{% endfor %}",
    "pop, again and again": many("{% assign x = list | pop %}"),
    "a circular include": "{% include 'itself' %}",
    "a circular render": "{% render 'rendered' %}",
    "a circular layout": "{% layout 'laid' %}",
    "a circle of two": "{% include 'one' %}",
    "circular blocks": "{% include 'wheel' %}{% include 'turn' %}",
    "an include in loops": many("{% include 'p' %}" * 30),
    "a long list to sort": "{{ s | split: '' | sort | size }}",
    "texts to sort": "{{ texts | sort_natural | size }}" * 20,
    "objects to group": "{{ objects | group_by: 'v' | size }}" * 20,
    "objects to look through": "{{ objects | where_exp: 'o', 'o.n == 8' | size }}" * 9,
    "wide formats": "{{ 'now' | date: '%99999999Y' | size }}" * 9 + "{{ 'a' | json: '%' }}{{",
    "much output": "{% for i in (1..9999) %}{{ s }}{% endfor %}",
    "an absolute path": "{% include '/etc/passwd' %}",
    "a path upwards": "{% include '../../etc/passwd' %}",
    "a file of the engine": "{% render 'parser.py' %}",
    "a file through a name": "{% assign f = '/etc/passwd' %}{% include f %}",
    "a property of every object as a tag": "{% constructor %}",
    "one more": "{% __proto__ %}",
    "a long template": "x" * (DEFAULT_LIMITS.source_chars + 1),
}


@pytest.mark.parametrize("template", REFUSED.values(), ids=REFUSED)
def test_refused_in_time(template: str) -> None:
    def attempt() -> float:
        begin = time.thread_time()
        with pytest.raises(LanguageError):
            parse(template).render(DATA, templates=TEMPLATES)
        return time.thread_time() - begin

    taken = min(attempt() for _ in range(2))
    gc.collect()
    tracemalloc.start()
    attempt()
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert taken < budget(SECONDS)
    assert used < BYTES


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ s | strip_html | size }}", id="tags that are not closed"),
        pytest.param("{{ s | escape | url_encode | url_decode | size }}", id="a long text"),
        pytest.param("{{ wide | split: '' | join | size }}", id="units of a long text"),
        pytest.param("{{ wide | truncatewords: 5 | slugify | size }}", id="a long word"),
        pytest.param("{{ s | date: s | size }}", id="a long date"),
        pytest.param("{{ " + "x" * 100_000 + " }}", id="a long name"),
        pytest.param("{{ 'x" + "\\u0041" * 50_000 + "' | size }}", id="many escapes"),
        pytest.param("{% if a %}{% endif %}" * 20_000, id="many tags"),
        pytest.param("{%- comment -%}" + " \n" * 50_000 + "{%- endcomment -%}", id="white space"),
        pytest.param(
            " \n" * 100_000 + "{%- if a -%}" + "\n " * 50_000 + "{%- endif -%}", id="trim"
        ),
        pytest.param("{{ " + "1" * 50_000 + " | plus: 1 }}", id="a long number"),
        pytest.param("{{ a" + " | upcase" * 10_000 + " }}", id="many filters"),
    ],
)
def test_linear_in_the_size(template: str) -> None:
    def attempt() -> float:
        begin = time.thread_time()
        parse(template).render(DATA, limits=Limits(seconds=60))
        return time.thread_time() - begin

    assert min(attempt() for _ in range(2)) < budget(SECONDS)


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "hasOwnProperty"])
def test_what_every_object_has_in_javascript_is_nothing_here(name: str) -> None:
    data: Any = {"a": {}, "l": [1], "t": "x"}
    source = f"[{{{{ a.{name} }}}}{{{{ l.{name} }}}}{{{{ t.{name} }}}}{{{{ {name} }}}}]"

    assert parse(source).render(data) == "[]"
    assert parse(f"{{{{ t | {name} }}}}").render(data) == "x"
    with pytest.raises(LiquidSyntaxError, match="undefined filter"):
        parse(f"{{{{ t | {name} }}}}", strict_filters=True)


@pytest.mark.parametrize(
    "name", ["__class__", "__init__", "keys", "items", "get", "format", "__globals__", "append"]
)
def test_what_every_object_has_in_python_is_nothing_either(name: str) -> None:
    data: Any = {"a": {}, "l": [], "t": "", "n": 1, "e": None}
    source = "".join(f"{{{{ {root}.{name} }}}}{{{{ {root}['{name}'] }}}}" for root in data)

    assert parse(source).render(data) == ""
    assert parse(f"{{{{ l | map: '{name}' | json }}}}{{{{ forloop.{name} }}}}").render(data) == "[]"


def test_a_template_may_use_less_than_all() -> None:
    template = parse("{% for i in (1..20) %}{{ i }}{% endfor %}")

    for limits, message in (
        (Limits(steps=10), "more than 10 steps"),
        (Limits(range_items=10), "at most 10 numbers"),
        (Limits(output_chars=10), "more than 10 characters"),
        (Limits(memory_chars=10), "more than 10 characters on the way"),
        (Limits(seconds=0, steps=1_024), "longer than 0 s"),
    ):
        with pytest.raises(LiquidRenderError, match=message):
            template.render({}, limits=limits)
    assert template.render({}).endswith("1920")
    with pytest.raises(LiquidSyntaxError, match="at most 5 characters"):
        parse("123456", limits=Limits(source_chars=5))
