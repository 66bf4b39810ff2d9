"""The plain-text alternative: what a reader without HTML should see."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.providers.html_text import html_to_text
from tests.pace import budget


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello</p><p>World</p>", "Hello\n\nWorld"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<b>bold</b> and <i>more</i>", "bold and more"),
        ("  many \n\t spaces  ", "many spaces"),
        ("<p>1 &lt; 2 &amp; &eacute;&#127881;</p>", "1 < 2 & é🎉"),
        (
            '<a href="https://x.example/a?b=1&amp;c=2">here</a>',
            "here (https://x.example/a?b=1&c=2)",
        ),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ('<a href="#top">top</a> <a href="javascript:x()">no</a>', "top no"),
        ('<a href="https://x.example"><img src="x.png"></a>', "https://x.example"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "- a\n  - b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a  b\nc"),
        ("<pre>a\n  b\n</pre>c", "a\n  b\n\nc"),
        ("<h1>Title</h1><hr>text", f"Title\n\n{'-' * 40}\ntext"),
        ("<head><title>no</title><style>p{}</style></head><body>yes", "yes"),
        ("<style>no</style>yes<script>no</script><!-- no -->", "yes"),
        ('<img alt="A logo" src="x">', "A logo"),
        ("<div>a<div>b</div></div>c", "a\nb\nc"),
        ("", ""),
        ("a < b and <3", "a < b and <3"),
        ("<p title='a > b'>x</p>", "x"),
        ("<P>UPPER</P><SPAN CLASS=x>case</SPAN>", "UPPER\n\ncase"),
        ("<p>never closed", "never closed"),
        ("text <b", "text"),
    ],
)
def test_html_becomes_readable_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


@settings(deadline=None)
@given(st.text(alphabet="<>/!-= \"'&;#abpliu\n", max_size=300))
def test_nothing_breaks_it(html: str) -> None:
    text = html_to_text(html)
    assert not any(line != line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize(
    "part",
    [
        "<a <a ",
        "<",
        "<!--",
        "&",
        "<a href='",
        '<a href="x',
        "<p>",
        "</",
        "<a b=",
        "<pre>\n",
        "<li>",
    ],
)
def test_time_grows_with_length_alone(part: str) -> None:
    began = time.thread_time()
    html_to_text(part * (100_000 // len(part)))
    assert time.thread_time() - began < budget(2)
