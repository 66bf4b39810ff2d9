"""The checks of a template that is not rendered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import LiquidSyntaxError
from sluiceway.liquid.analysis import FindingKind, analyse, variables_used
from sluiceway.liquid.variables import NOTIFICATION_VARIABLES


def _found(source: str, **options: Any) -> list[tuple[str, str, int, int]]:
    return [
        (finding.kind.name, finding.name, finding.line, finding.column)
        for finding in analyse(source, **options)
    ]


def test_a_sound_template_has_no_findings() -> None:
    source = "<p>Hi {{ user.name | escape }},{% if user.email_verified %} welcome{% endif %}</p>"

    assert not analyse(source, variables=NOTIFICATION_VARIABLES, custom_vars=(), is_html=True)


def test_every_unknown_tag_is_told_with_its_place() -> None:
    source = "{% iff x %}\n {% comment %}{% zap %}{% endcomment %}{% fro y in z %}"

    findings = analyse(source)

    assert [(f.name, f.line, f.column) for f in findings] == [("iff", 1, 1), ("fro", 2, 40)]
    assert findings[0].hint == "Did you mean 'if'?"


@pytest.mark.parametrize(
    ("source", "line", "column"), [("a\n{{ x", 2, 1), ("{% if %}", 1, 6), ("{% if a %}", 1, 1)]
)
def test_an_error_in_the_syntax_is_told_once(source: str, line: int, column: int) -> None:
    assert _found(source) == [("SYNTAX", "", line, column)]


def test_a_template_nested_too_deep_is_told() -> None:
    assert [f.kind for f in analyse("{% if a %}" * 5_000)] == [FindingKind.SYNTAX]


def test_unknown_filters_are_told_wherever_they_stand() -> None:
    source = "{{ a | upcas }}\n{% assign b = a | downcase | nope %}{% if a | zip %}{% endif %}"

    assert _found(source) == [
        ("UNKNOWN_FILTER", "upcas", 1, 8),
        ("UNKNOWN_FILTER", "nope", 2, 30),
        ("UNKNOWN_FILTER", "zip", 2, 47),
    ]
    assert analyse(source)[0].hint == "Did you mean 'upcase'?"


def test_unknown_variables_are_told_unless_the_template_sets_them() -> None:
    source = (
        "{{ usr.name }}{% assign a = 1 %}{{ a }}{% capture b %}{% endcapture %}{{ b }}"
        "{% for item in items %}{{ item.x }}{{ forloop.index }}{% endfor %}"
        "{% case kind %}{% when other %}{% endcase %}{% increment n %}{{ n }}"
    )

    names = [name for _, name, _, _ in _found(source, variables=["user"])]

    assert names == ["usr", "items", "kind", "other"]
    assert not analyse(source)


def test_custom_variables_are_known_by_name() -> None:
    options: dict[str, Any] = {"variables": NOTIFICATION_VARIABLES, "custom_vars": ["code"]}
    source = "{{ custom_vars.code }}{{ custom_vars.cod }}{{ custom_vars.size }}{{ code }}"

    findings = analyse(source, **options)

    assert [f.name for f in findings] == ["custom_vars.cod", "code"]
    assert findings[0].hint == "Did you mean 'code'?"
    assert findings[1].hint == "Write custom_vars.code."
    assert "There are: none." in [f.hint for f in analyse("{{ custom_vars.x }}", custom_vars=[])]


@pytest.mark.parametrize(
    "source",
    [
        "{{ user.name }}",
        "{{ custom_vars.x | upcase }}",
        "{% assign n = user.name %}{{ n }}",
        "{% for r in user.roles %}{{ r }}{% endfor %}",
        "{% assign a = user.name %}{% assign b = a | append: '!' %}{% echo b %}",
    ],
)
def test_user_data_in_html_is_told(source: str) -> None:
    (finding,) = analyse(source, is_html=True)

    assert finding.kind is FindingKind.UNESCAPED
    assert "| escape }}" in finding.hint
    assert not analyse(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ user.name | escape }}",
        "{{ user.name | upcase | escape_once }}",
        "{{ user.name | size }}",
        "{{ friendly_name }}",
        "{% assign n = user.name | escape %}{{ n }}",
        "{{ user.email_verified }}",
        "{{ user.created_at | date: '%Y' }}",
        "{% assign user = 1 %}{{ user }}",
        "{% if user.name %}{% endif %}",
    ],
)
def test_what_cannot_hurt_is_not_told(source: str) -> None:
    assert not analyse(source, is_html=True)


def test_variables_are_listed_with_their_places() -> None:
    uses = variables_used("{{ user.name }}\n{{ user['email'] }}{% assign a = 1 %}{{ a }}")

    assert [(use.name, use.line, use.column) for use in uses] == [
        ("user.name", 1, 4),
        ("user.email", 2, 4),
    ]
    with pytest.raises(LiquidSyntaxError):
        variables_used("{{ x")


@given(st.text(alphabet="{}%| .abif'\"-\n:,()[]=0", max_size=60))
def test_anything_can_be_analysed(source: str) -> None:
    for finding in analyse(source, variables=["a"], custom_vars=[], is_html=True):
        assert finding.line >= 1
        assert finding.column >= 1
