"""``/sluiceway/v1/openapi.json`` and a page to read it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from sluiceway.api.openapi import build_document
from sluiceway.api.route import Call, Reply, Route
from sluiceway.api.routes import load_routes

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["ROUTES"]

_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color-scheme:light dark}code{font-size:.9em}summary{cursor:pointer;padding:.3rem 0}"
    "b{display:inline-block;min-width:4.5rem}pre{overflow:auto;padding:.5rem;border:1px solid}"
)


def _ours() -> list[Route]:
    return [route for route in load_routes() if not route.path.startswith("/api/v2/")]


def _server(call: Call) -> str:
    scheme = "https" if call.services.is_secure else "http"
    return f"{scheme}://{call.headers.get('host', call.services.tenant.environment.domain)}"


async def _document(call: Call) -> JsonObject:
    return build_document(_ours(), server=_server(call))


async def _auth0_document(call: Call) -> JsonObject:
    routes = [route for route in load_routes() if route.path.startswith("/api/v2/")]
    return build_document(routes, server=_server(call))


async def _page(_: Call) -> Reply:
    import msgspec  # noqa: PLC0415 - beside its only use

    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Sluiceway API</title>",
        f"<style>{_STYLE}</style><h1>Sluiceway API</h1>",
        "<p>Sign in with a bearer token from <code>/oauth/token</code>. The whole description is ",
        "at <a href=openapi.json>openapi.json</a>; Auth0's part of it at ",
        "<a href=management.json>management.json</a>.",
    ]
    tag = ""
    for route in sorted(_ours(), key=lambda route: route.tag):
        if route.tag != tag:
            tag = route.tag
            parts.append(f"<h2>{html.escape(tag)}</h2>")
        query = ", ".join(param.name for param in route.query) or "none"
        body = (
            msgspec.json.format(msgspec.json.encode(route.body.document), indent=2).decode()
            if route.body
            else ""
        )
        shown = f"<pre>{html.escape(body)}</pre>" if body else ""
        parts.append(
            f"<details><summary><b>{route.method}</b> <code>{html.escape(route.path)}</code> "
            f"{html.escape(route.summary)}</summary>"
            f"<p>Scopes: {html.escape(', '.join(route.scopes) or 'none')}. "
            f"Query: {html.escape(query)}.{shown}</details>"
        )
    return Reply(
        text="\n".join(parts).encode(),
        content_type="text/html; charset=utf-8",
        headers={"content-security-policy": _CSP},
    )


ROUTES: Final = (
    Route(
        method="GET",
        path="/sluiceway/v1/openapi.json",
        handle=_document,
        summary="This description",
        is_open=True,
        tag="reference",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/management.json",
        handle=_auth0_document,
        summary="The description of what is served of Auth0's API",
        is_open=True,
        tag="reference",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/docs",
        handle=_page,
        summary="This description as a page",
        is_open=True,
        media="text/html",
        tag="reference",
    ),
)
