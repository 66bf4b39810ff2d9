"""A stage for whole flows: the real engine, tenant and outbox; the world outside stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from msgspec.structs import force_setattr

from sluiceway.models.message import Channel
from sluiceway.runtime import Run, Runtime
from sluiceway.tenants.base import TenantRequest
from tests.actions.conftest import StandInTransport

if TYPE_CHECKING:
    from sluiceway.bootstrap import Application
    from tests.actions.conftest import Services

__all__ = ["Mail", "Stage"]

_CODE = re.compile(r"\b\d{4,10}\b")


@dataclass(frozen=True)
class Mail:
    """A message that a flow queued."""

    channel: Channel
    to: str
    subject: str
    text: str

    @property
    def code(self) -> str:
        """The one-time code in it."""
        found = _CODE.search(f"{self.subject} {self.text}")
        assert found, self
        return found[0]


class Stage:
    """Users, connections, services, and what became of them."""

    def __init__(self, services: Services, **settings: str) -> None:
        self.services = services
        self.runtime = Runtime(**settings)

    def __enter__(self) -> Self:
        self.runtime.__enter__()
        self._transport = StandInTransport(self.services)
        # All that is not the embedded tenant goes to the local services.
        force_setattr(self.application.transport, "outside", self._transport)
        return self

    def __exit__(self, *_: object) -> None:
        self.runtime._wait(self._transport.close())
        self.runtime.__exit__(None, None, None)

    @property
    def application(self) -> Application:
        opened = self.runtime._inner._application
        assert opened is not None
        return opened

    def run(self, flow: Any, name: str | None = None, **roots: Any) -> Run:
        """Run a flow on the embedded tenant."""
        return self.runtime.run(flow, name=name, connections="local", **roots)

    def tenant(self, method: str, path: str, body: Any = None) -> Any:
        request = TenantRequest(method=method, pathname=path, body=body)
        answer = self.runtime._wait(self.application.tenants.call("local", request))
        assert answer.status < 300, answer.body
        return answer.body

    def new_user(self, **more: Any) -> dict[str, Any]:
        """Make a user, and return the context that a login gives a form."""
        user = self.tenant(
            "POST",
            "/api/v2/users",
            {
                "connection": "Username-Password-Authentication",
                "email": "ada@example.com",
                "password": "correct-Horse-9-battery",
                **more,
            },
        )
        return {"user": user, "tenant": {"name": "local"}}

    def user(self, context: dict[str, Any]) -> dict[str, Any]:
        id_ = context["user"]["user_id"]
        found: dict[str, Any] = self.tenant("GET", f"/api/v2/users/{quote(id_, safe='')}")
        return found

    def connect(self, name: str, app_id: str, setup: dict[str, Any]) -> None:
        self.runtime._wait(
            self.application.connections.create(name=name, app_id=app_id, setup=setup)
        )

    def mails(self) -> list[Mail]:
        """Return the messages that flows queued, oldest first."""
        found: list[Any] = self.runtime.messages()
        mails = []
        for message in reversed(found):
            content = message["content"]
            mails.append(
                Mail(
                    channel=Channel(message["channel"]),
                    to=content["to"],
                    subject=content.get("subject", ""),
                    text=content.get("html") or content.get("text") or "",
                )
            )
        return mails
