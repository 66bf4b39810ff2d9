"""Pages whose HTML is not ours: emails, shown so that nothing in them can run or call home."""

from __future__ import annotations

import html
from typing import Final

from sluiceway.api.route import Param, Reply

__all__ = ["PAGE_PARAMS", "mail_page"]

PAGE_PARAMS: Final = (
    Param(name="part", choices=("html", "text"), default="html"),
    Param(
        name="images",
        choices=("hide", "show"),
        default="hide",
        description="Whether remote images are loaded.",
    ),
)
"""What every such page takes."""

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:{images}; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)
_REMOTE: Final = " https: http:"
_PLAIN: Final = (
    '<!doctype html><meta charset="utf-8"><title>Text</title>'
    '<pre style="white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.5 ui-monospace,monospace;'
    'margin:16px">{text}</pre>'
)


def mail_page(*, markup: str, text: str, part: str, shows_images: bool) -> Reply:
    """Return a page of its own for an email's HTML, or for a text.

    The policy of the page lets no script, form, frame, font or style sheet in, and remote images
    only where they are asked for; ``sandbox`` gives it an origin of its own. Only our own pages may
    frame it.

    Args:
        markup: the email's HTML; ``""`` for text messages and calls.
        text: its plain text.
        part: ``html`` or ``text``; a message without HTML is shown as text whatever it says.
        shows_images: whether remote images are loaded.
    """
    shown = markup if markup and part == "html" else _PLAIN.format(text=html.escape(text))
    return Reply(
        text=shown.encode("utf-8", "replace"),
        content_type="text/html; charset=utf-8",
        headers={
            "content-security-policy": _POLICY.format(images=_REMOTE if shows_images else ""),
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "same-origin",
            "x-frame-options": "SAMEORIGIN",
        },
    )
