"""What Twilio's own client would send, without sending it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

if TYPE_CHECKING:
    from collections.abc import Callable


class _Catcher(HttpClient):
    def __init__(self) -> None:
        super().__init__(None, is_async=False, timeout=None)  # type: ignore[no-untyped-call]
        self.caught: dict[str, Any] = {}

    def request(self, method: str, uri: str, **more: Any) -> Response:  # type: ignore[override]
        self.caught = {"method": method, "uri": uri, **more}
        return Response(201, "{}")


def official_request(send: Callable[[Client], Any]) -> tuple[Any, ...]:
    """Return method, host, path, form and authorization of what *send* asks the client to send."""
    catcher = _Catcher()
    send(Client("AC0123456789", "t0ken", http_client=catcher))
    caught = catcher.caught
    url = urlsplit(caught["uri"])
    pair = base64.b64encode(":".join(caught["auth"]).encode()).decode()
    form = {key: str(value) for key, value in caught["data"].items() if value is not None}
    return caught["method"], url.netloc, url.path, form, f"Basic {pair}"
