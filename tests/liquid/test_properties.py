"""Whatever a template or its data is, nothing but the language's own errors comes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from sluiceway.errors import LanguageError, LiquidRenderError, LiquidSyntaxError
from sluiceway.liquid import Limits, parse, parse_cached
from sluiceway.liquid.filters import all_filters
from sluiceway.liquid.tags import INNER_TAGS, all_tags

NOW = datetime(2024, 5, 7, 10, 44, 26, 271_000, tzinfo=UTC)
# Small limits, so that they are met.
SMALL = Limits(
    source_chars=2_000,
    depth=8,
    steps=400,
    range_items=50,
    output_chars=2_000,
    memory_chars=20_000,
    seconds=2,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2024-02-29", "1e3", "\ud83d", "<b>&amp;", "a,b", 10**400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)
VALUES = st.sampled_from(
    "a b a.b a[0] a['b'] a.size a.first (1..3) (a..b) 'x' \"y\" 1 -2.5 nil true empty blank x "
    "forloop.index block.super a[b] 'now'".split(),
)
ARGUMENTS = st.lists(VALUES, max_size=3).map(", ".join).map(lambda text: text and f": {text}")
FILTERS = st.builds(
    "| {}{}".format, st.sampled_from(sorted(set(all_filters()) - {"sample"})), ARGUMENTS
)
EXPRESSIONS = st.builds("{} {}".format, VALUES, st.lists(FILTERS, max_size=3).map(" ".join))
OUTPUTS = st.builds("{{{{ {} }}}}".format, EXPRESSIONS)
LOOSE = st.sampled_from(
    [
        *"{{ }} {% %} {%- -%} {{- -}} if for in | : , . .. [ ] ( ) ' \" # == contains not".split(),
        *[f"{{% {name} %}}" for name in (*all_tags(), *INNER_TAGS)],
        *(" ", "\n", "a", "b", "1", "2.5", "text", "é", "\ud83d"),
    ]
)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        EXPRESSIONS.map(lambda value: f"{{% assign x = {value} %}}"),
        st.tuples(VALUES, inner).map(lambda p: f"{{% if {p[0]} %}}{p[1]}{{% endif %}}"),
        st.tuples(VALUES, inner).map(lambda p: f"{{% for i in {p[0]} %}}{p[1]}{{% endfor %}}"),
        st.tuples(VALUES, inner).map(
            lambda p: f"{{% tablerow i in {p[0]} cols: a %}}{p[1]}{{% endtablerow %}}"
        ),
        st.tuples(VALUES, VALUES, inner).map(
            lambda p: f"{{% case {p[0]} %}}{{% when {p[1]} %}}{p[2]}{{% endcase %}}"
        ),
        inner.map(lambda text: f"{{% capture x %}}{text}{{% endcapture %}}"),
        inner.map(lambda text: f"{{% block b %}}{text}{{% endblock %}}"),
        st.tuples(
            st.sampled_from(["include", "render", "layout"]),
            st.sampled_from(["'p'", "'q'", "a", "x", "'none'", "none", "'{{ a }}'"]),
            st.sampled_from(["", " with a", " for a as i", ", x: a", " with a as i, y: 1"]),
        ).map(lambda p: f"{{% {' '.join(p)} %}}"),
        st.lists(inner, max_size=3).map("".join),
    )


TEMPLATES = st.one_of(
    st.recursive(OUTPUTS | LOOSE, _blocks, max_leaves=8),
    st.lists(LOOSE, max_size=12).map("".join),
    st.text(max_size=40),
)


@given(TEMPLATES, JSON, JSON, st.tuples(TEMPLATES, TEMPLATES), st.booleans(), st.booleans())
@example("{% include 'p' %}", None, None, ("{% include 'q' %}", "{% include 'p' %}"), False, False)
@example("{{ a | date: b }}", 1e300, "%Y", ("", ""), False, False)
def test_rendering_raises_nothing_but_its_own_errors(  # noqa: PLR0917
    source: str,
    a: Any,
    b: Any,
    parts: tuple[str, str],
    strict_variables: bool,  # noqa: FBT001
    strict_filters: bool,  # noqa: FBT001
) -> None:
    templates = dict(zip("pq", parts, strict=True))
    try:
        template = parse(source, limits=SMALL, strict_filters=strict_filters)
    except LiquidSyntaxError as error:
        assert error.source == source  # noqa: PT017
        assert 1 <= error.line <= source.count("\n") + 1  # noqa: PT017
        return
    try:
        text = template.render(
            {"a": a, "b": b},
            templates=templates,
            strict_variables=strict_variables,
            strict_filters=strict_filters,
            now=NOW,
        )
    except LiquidRenderError as error:
        assert error.message  # noqa: PT017
        return

    assert isinstance(text, str)
    assert len(text) <= SMALL.output_chars


@given(TEMPLATES, JSON)
def test_a_template_renders_the_same_twice_and_leaves_the_data_alone(source: str, a: Any) -> None:
    data: Any = {"a": a, "b": [1, {"c": "x"}]}
    before = repr(data)
    results: list[str] = []
    for _ in range(2):
        try:
            results.append(parse_cached(source).render(data, now=NOW))
        except LanguageError as error:
            results.append(str(error))

    assert results[0] == results[1]
    assert repr(data) == before


@given(st.text(alphabet="ab{}% -\n", max_size=60))
def test_text_without_tags_is_printed_as_it_is(text: str) -> None:
    if "{{" in text or "{%" in text:
        return

    assert parse(text).render({}) == text
