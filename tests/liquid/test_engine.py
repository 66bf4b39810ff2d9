"""What the golden rows cannot show: the clock, places, caches, ``debug``, templates within."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sluiceway.errors import LiquidRenderError, LiquidSyntaxError
from sluiceway.liquid import filters, parse, parse_cached
from sluiceway.liquid.filters import all_filters, find_filter
from sluiceway.liquid.filters.dates import _find_zone
from sluiceway.liquid.strings import read_string
from sluiceway.liquid.tags import all_tags

NOW = datetime(2024, 5, 7, 10, 44, 26, 271_999, tzinfo=UTC)


def test_now_is_the_execution_s_reading_of_the_clock() -> None:
    template = parse("{{ 'now' | date: '%F %s %L' }}|{{ 'today' | date: '%H:%M' }}")

    assert template.render({}, now=NOW) == "%F 1715078666 271|10:44"
    assert parse("{{ 'now' | date: '%Y' }}").render({}) >= "2024"


def test_zones_are_found_in_any_case_and_beyond_the_calendar() -> None:
    assert str(_find_zone("america/NEW_york")) == "America/New_York"
    assert _find_zone("Nope/Nowhere") is None
    assert _find_zone("../../etc/passwd") is None
    for year, hour in (("2024", "02"), ("9999", "02"), ("+012345", "02")):
        source = f"{{{{ '{year}-07-01T00:00:00Z' | date: '%H', 'Europe/Madrid' }}}}"
        assert parse(source).render({}) == hour


def test_debug_shows_what_there_is_to_read() -> None:
    source = "{% assign x = user.name %}{% for i in (1..1) %}{% debug %}{% endfor %}"
    shown = parse(source).render({"user": {"name": "<Ana>"}, "n": [None]})

    assert shown.startswith("<pre>{")
    assert shown.endswith("}</pre>")
    found = json.loads(shown.removeprefix("<pre>").removesuffix("</pre>").replace("&quot;", '"'))
    assert found["user"] == {"name": "&lt;Ana&gt;"}
    assert found["x"] == "&lt;Ana&gt;"
    assert found["i"] == 1
    assert found["n"] == [None]
    assert "forloop" in found
    with pytest.raises(LiquidSyntaxError):
        parse("{% debug all %}")


def test_debug_leaves_out_what_is_undefined() -> None:
    source = "{% assign a = missing %}{% assign b = nil %}{% debug %}"

    assert parse(source).render({}) == "<pre>{\n  &quot;b&quot;: null\n}</pre>"


@pytest.mark.parametrize(
    ("source", "templates", "place", "message"),
    [
        ("a\n  {{ 'x' | append }}", {}, (2, 6), "append expects 1 argument"),
        ("{% include 'p' %}", {"p": "\n{{ 'x' | append }}"}, (2, 4), "append expects"),
        ("{% include 'p' %}", {"p": "{% if %}"}, (1, 6), "the template 'p' cannot be parsed"),
        ("x {% if true %}{% include 'p' %}{% endif %}", {}, (1, 16), "no template is named 'p'"),
        ("x\n {% for i in (1..99999) %}{% endfor %}", {}, (2, 2), "a range of at most"),
        ("x {% include 'p' %}", {}, (1, 3), "no template is named 'p'"),
    ],
)
def test_errors_have_a_place(
    source: str, templates: dict[str, str], place: tuple[int, int], message: str
) -> None:
    with pytest.raises(LiquidRenderError, match=message) as caught:
        parse(source).render({}, templates=templates)

    assert (caught.value.line, caught.value.column) == place


def test_a_missing_template_tells_which_there_are() -> None:
    with pytest.raises(LiquidRenderError) as caught:
        parse("{% include 'p' %}").render({}, templates={"footer": "", "header": ""})

    assert caught.value.hint == "There are: footer, header."


def test_parsed_once() -> None:
    source = "{{ a }} kept"

    assert parse_cached(source) is parse_cached(source)
    assert parse_cached(source, strict_filters=True) is not parse_cached(source)
    assert parse(source) is not parse(source)


def test_a_template_may_be_rendered_by_many_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - of this test alone

    template = parse(
        "{% assign x = n %}{% for i in (1..9) %}{% cycle 'a', 'b' %}{{ x }}{% increment c %}"
        "{% endfor %}"
    )
    with ThreadPoolExecutor(8) as pool:
        texts = [*pool.map(lambda n: template.render({"n": n}), [7] * 400)]

    assert Counter(texts) == {template.render({"n": 7}): 400}


def test_sample_takes_any_of_the_items() -> None:
    template = parse("{{ l | sample }}")

    assert {template.render({"l": [1, 2, 3]}) for _ in range(200)} == {"1", "2", "3"}
    for source, text in (
        ("{{ l | sample: 2 | size }}", "2"),
        ("{{ l | sample: -1 | size }}", "2"),
        ("{{ l | sample: 9 | sort | join }}", "1 2 3"),
        ("{{ none | sample | json }}", "[]"),
        ("{{ 'aa' | sample }}", "a"),
        ("{{ '' | sample | json }}", ""),
        ("{{ e | sample | json }}", ""),
    ):
        assert parse(source).render({"l": [1, 2, 3], "e": []}) == text


def test_deep_data_is_refused_not_a_crash() -> None:
    deep: Any = 1
    for _ in range(3_000):
        deep = [deep]
    other: Any = json.loads("[" * 500 + "]" * 500)
    for source in ("{{ a }}", "{{ a | json }}", "{{ a | join }}", "{% debug %}", "{{ a[a] }}"):
        with pytest.raises(LiquidRenderError):
            parse(source).render({"a": deep})
    assert parse("{% if a == b %}x{% endif %}").render({"a": other, "b": 1}) == ""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "{% block b %}{{ block }}{{ block | json }}{{ block.nope }}{% endblock %}",
            "[object Object]{}",
        ),
        (
            "{% for i in (1..2) %}{{ forloop | upcase }}{% break %}{% endfor %}",
            '{"I":0,"LENGTH":2,"NAME":"I-(1..2)"}',
        ),
        ("{% block b %}{{ x[block] }}{% if block < 1 %}y{% endif %}{% endblock %}", "o"),
        ("{{ (9007199254740991..9007199254740995) | size }}", "2"),
        ("{{ list | map: 'length' | join }}{{ 'x'.first }}{{ 5.size }}{{ 'ab'['size'] }}", "2"),
        ("{{ nothing | slice }}|{{ 'abc' | slice }}", "|a"),
    ],
)
def test_odd_values(source: str, text: str) -> None:
    assert parse(source).render({"x": {"[object Object]": "o"}, "list": [1]}) == text


def test_what_is_too_large_for_json_is_refused() -> None:
    for source in ("{{ a | json }}", "{{ x[a] }}"):
        with pytest.raises(LiquidRenderError):
            parse(source).render({"a": [0] * 20_000, "x": {}})


def test_an_expression_s_filters_are_held_to_the_same() -> None:
    template = parse("{{ l | where_exp: 'i', 'i | nope' | size }}", strict_filters=True)

    assert template.render({"l": [True]}) == "1"
    with pytest.raises(LiquidRenderError, match="undefined filter: nope"):
        template.render({"l": [True]}, strict_filters=True)


def test_a_liquid_tag_is_a_level_itself() -> None:
    deep = "{% if true %}" * 50 + "{% liquid echo 1 %}" + "{% endif %}" * 50

    with pytest.raises(LiquidSyntaxError, match="50 levels"):
        parse(deep)


def test_lines_of_a_liquid_tag_nest_as_deep_as_blocks() -> None:
    inner = "{% if true %}" * 48 + "{% liquid\n if true \n echo 1 \n endif %}" + "{% endif %}" * 48

    assert parse(inner).render({}) == "1"
    with pytest.raises(LiquidSyntaxError, match="50 levels"):
        parse("{% if true %}" + inner + "{% endif %}")


def test_numbers_that_no_double_holds() -> None:
    data: Any = {"big": 10**400, "list": [10**400, 1]}

    assert parse("{{ big }}|{{ big | plus: 1 }}|{{ list | sort | first }}").render(data) == (
        "Infinity|Infinity|1"
    )
    assert parse("{{ big | date: '%Y' }}").render(data) == "Infinity"
    assert parse("{{ list[big] }}{{ list | slice: big | json }}").render(data) == "[]"


@pytest.mark.parametrize(
    ("source", "text", "after"),
    [
        ("'abc' x", "abc", 5),
        ('"a\'b"', "a'b", 5),
        (r"'a\'b'", "a'b", 6),
        (r"'\n\t\r\b\f\v\\'", "\n\t\r\b\f\v\\", 16),
        (r"'\x41\101\0\q'", "x41A\0q", 14),
        (r"'\u00e9\u41\u'", "éA\0", 14),
        (r"'\ud83d\ude00'", "😀", 14),
        (r"'\ud83d'", "\ud83d", 8),
        ("'never", "neve", 6),
        ("'", "", 1),
        ("'a\\", "a", 3),
    ],
)
def test_quoted_texts(source: str, text: str, after: int) -> None:
    assert read_string(source, 0, len(source)) == (text, after)


def test_every_filter_and_tag_of_liquidjs_is_there() -> None:
    filters = (
        "abs append array_to_sentence_string at_least at_most base64_decode base64_encode "
        "capitalize ceil cgi_escape compact concat date date_to_long_string date_to_rfc822 "
        "date_to_string date_to_xmlschema default divided_by downcase escape escape_once find "
        "find_exp find_index find_index_exp first floor group_by group_by_exp has has_exp "
        "hmac_sha256 inspect join json jsonify last lstrip map minus modulo newline_to_br "
        "normalize_whitespace number_of_words plus pop prepend push raw reject reject_exp remove "
        "remove_first remove_last replace replace_first replace_last reverse round rstrip sample "
        "sha256 shift size slice slugify sort sort_natural split squish strip strip_html "
        "strip_newlines sum times to_integer truncate truncatewords uniq unshift upcase "
        "uri_escape url_decode url_encode where where_exp xml_escape"
    ).split()
    tags = (
        "# assign block break capture case comment continue cycle decrement echo for if include "
        "increment layout liquid raw render tablerow unless"
    ).split()

    assert sorted(all_filters()) == filters
    assert sorted({*all_tags()} - {"debug"}) == tags
    assert find_filter("nope") is None


def test_other_distributions_add_filters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shouting_filters.py").write_text(
        "from sluiceway.liquid.filters.base import FilterFamily\n"
        "FILTERS = FilterFamily({'shout': lambda value, arguments: f'{value}!'})\n"
    )
    info = tmp_path / "shouting_filters-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting-filters\nVersion: 1.0\n")
    points = "[sluiceway.liquid_filters]\nshout = shouting_filters:FILTERS\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    filters._added_filters.cache_clear()
    try:
        assert parse("{{ 'hey' | shout }}", strict_filters=True).render({}) == "hey!"
    finally:
        filters._added_filters.cache_clear()


def test_rendering_does_not_touch_the_shared_random_source() -> None:
    state = random.getstate()

    parse("{{ l | sample }}").render({"l": [1, 2]})

    assert random.getstate() == state


def test_an_error_in_a_when_is_told_with_its_line() -> None:
    template = parse("{% case 1 %}\n{% when missing %}a{% endcase %}")

    with pytest.raises(LiquidRenderError) as caught:
        template.render({}, strict_variables=True)

    assert (caught.value.line, caught.value.column) == (2, 1)
