"""The plain-text alternative of an HTML email."""

from __future__ import annotations

import re
from typing import Final

from sluiceway.providers.html_tokens import StartTag, tokenize_html

__all__ = ["html_to_text"]

_HIDDEN: Final = frozenset({"head", "script", "style", "template", "title", "noscript"})
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "header", "li", "main", "nav"}
    | {"section", "tbody", "tfoot", "thead", "tr"}
)
_PARAGRAPHS: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol", "table"}
)
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")
_MESSY: Final = re.compile(r"[\t\r\n\f\v]|  ")
_MEANT: Final = _HIDDEN | _BLOCKS | _PARAGRAPHS | {"a", "br", "hr", "img", "td", "th"}
"""The tags that change anything in plain text."""
_RULE: Final = "-" * 40


def html_to_text(html: str) -> str:
    """Return what a reader without HTML should see, in lines; no newline at the end.

    Blocks become lines and paragraphs are set apart; a link's address follows its text in
    parentheses unless it is the text; list items get ``-`` or their number; an image shows its
    ``alt``; styles, scripts and comments are left out.
    """
    reader = _Reader()
    for token in tokenize_html(html):
        if isinstance(token, str):
            reader.take_text(token)
        elif token.name not in _MEANT:
            continue
        elif isinstance(token, StartTag):
            reader.take_start(token)
        else:
            reader.take_end(token.name)
    return reader.text()


class _Reader:
    """Writes text as tags come by; never looks back, so that no input makes it slow."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._hidden = 0
        self._preformatted = 0
        self._lists: list[int | None] = []
        self._links: list[tuple[str, int]] = []
        self._written = 0

    def text(self) -> str:
        """Return everything written, blank lines squeezed to one."""
        self._end_line()
        shown: list[str] = []
        for line in self._lines:
            if line or (shown and shown[-1]):
                shown.append(line)
        return "\n".join(shown).strip("\n")

    def take_start(self, token: StartTag) -> None:
        """Open an element."""
        tag = token.name
        if tag == "body":
            # A head that was never closed would hide everything.
            self._hidden = 0
        if tag in _HIDDEN:
            self._hidden += 1
        if self._hidden:
            return
        self._break_before(tag)
        if tag in {"ol", "ul"}:
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "pre":
            self._preformatted += 1
        elif tag == "a":
            self._links.append((token.attribute("href").strip(), self._written))
        else:
            self._write_mark(token)

    def _write_mark(self, token: StartTag) -> None:
        match token.name:
            case "br":
                self._end_line(always=True)
            case "hr":
                self._end_line()
                self._lines.append(_RULE)
            case "li":
                self._write(self._bullet())
            case "td" | "th" if self._line:
                self._write("  ")
            case "img":
                self._write(_SPACES.sub(" ", token.attribute("alt")))
            case _:
                pass

    def take_end(self, tag: str) -> None:
        """Close an element."""
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
            return
        if self._hidden:
            return
        match tag:
            case "pre":
                self._preformatted = max(0, self._preformatted - 1)
            case "ol" | "ul":
                if self._lists:
                    self._lists.pop()
            case "a":
                self._end_link()
            case _:
                pass
        self._break_before(tag)

    def take_text(self, data: str) -> None:
        """Write text, its character references resolved."""
        if self._hidden:
            return
        if self._preformatted:
            first, *others = data.split("\n")
            self._write(first)
            for line in others:
                self._end_line(always=True)
                self._write(line)
            return
        text = _SPACES.sub(" ", data) if _MESSY.search(data) else data
        if text.startswith(" ") and (not self._line or self._line[-1].endswith(" ")):
            text = text[1:]
        self._write(text)

    def _break_before(self, tag: str) -> None:
        if tag in {"ul", "ol"} and self._lists:
            self._end_line()  # a list within a list
        elif tag in _PARAGRAPHS:
            self._end_line()
            self._lines.append("")
        elif tag in _BLOCKS:
            self._end_line()

    def _bullet(self) -> str:
        depth = max(0, len(self._lists) - 1)
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{'  ' * depth}- "
        self._lists[-1] = number + 1
        return f"{'  ' * depth}{number}. "

    def _end_link(self) -> None:
        if not self._links:
            return
        href, since = self._links.pop()
        address = href.removeprefix("mailto:")
        said = "".join(self._line[-(self._written - since) :]).strip() if self._line else ""
        if address and not address.startswith(("#", "javascript:", "data:")) and address != said:
            self._write(f" ({address})" if said else address)

    def _write(self, text: str) -> None:
        if text:
            self._line.append(text)
            self._written += 1

    def _end_line(self, *, always: bool = False) -> None:
        line = "".join(self._line).rstrip()
        if line or always:
            self._lines.append(line)
        self._line.clear()
