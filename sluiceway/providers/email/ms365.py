"""Send email through Microsoft 365: Graph's sendMail with an application's token."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from sluiceway.discreet import Discreet
from sluiceway.errors import ProviderUnavailable
from sluiceway.outbound.base import OutboundRequest
from sluiceway.providers.answers import check_status, read_object, read_text
from sluiceway.providers.base import AccessToken, EmailProviderSpec, Receipt
from sluiceway.providers.configuration import closed, host_part, required_text
from sluiceway.providers.mime import build_mime
from sluiceway.providers.requests import bearer, form_request

if TYPE_CHECKING:
    from typing import Self

    from sluiceway.outbound.base import OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "Microsoft365"]


class Microsoft365(Discreet, msgspec.Struct, frozen=True):
    """``POST /v1.0/users/{sender}/sendMail`` with a whole MIME message.

    As MIME, because Graph's JSON has no plain-text alternative and no ``Message-ID``.
    """

    withheld = frozenset({"client_secret"})

    tenant_id: str
    client_id: str
    client_secret: str
    token: AccessToken | None = None

    def build_token_request(self) -> OutboundRequest:
        """Ask for a token by the client credentials grant; see ``NeedsToken``."""
        return form_request(
            f"https://login.microsoftonline.com/{self.tenant_id}/oauth2/v2.0/token",
            [
                ("client_id", self.client_id),
                ("scope", "https://graph.microsoft.com/.default"),
                ("client_secret", self.client_secret),
                ("grant_type", "client_credentials"),
            ],
            headers={},
        )

    def parse_token_response(self, response: OutboundResponse) -> AccessToken:
        """Read ``access_token`` and ``expires_in``; see ``NeedsToken``."""
        check_status(response, "Microsoft's token endpoint")
        answer = read_object(response)
        value, lasts = read_text(answer, "access_token"), read_text(answer, "expires_in")
        if not value or not lasts.isdecimal():
            raise ProviderUnavailable("expected access_token and expires_in, found neither")
        return AccessToken(value=value, lasts_s=float(lasts))

    def with_token(self, token: AccessToken) -> Self:
        """Return this provider with *token*; see ``NeedsToken``."""
        return replace(self, token=token)

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to base64 of MIME; see ``HttpEmailProvider``."""
        sender = quote(message.sender.email, safe="@")
        return OutboundRequest(
            method="POST",
            url=f"https://graph.microsoft.com/v1.0/users/{sender}/sendMail",
            headers={
                **bearer(self.token.value if self.token else ""),
                "content-type": "text/plain",
                "client-request-id": message.id,
            },
            body=base64.b64encode(build_mime(message)),
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``request-id`` of the 202, which names no message; see ``HttpEmailProvider``."""
        check_status(response, "Microsoft Graph")
        return Receipt(response.headers.get("request-id", ""))


def _build(configured: ConfiguredProvider) -> Microsoft365:
    return Microsoft365(
        tenant_id=host_part(configured, "tenantId"),
        client_id=required_text(configured, "clientId"),
        client_secret=required_text(configured, "clientSecret"),
    )


PROVIDER = EmailProviderSpec(
    name="ms365",
    title="Microsoft 365",
    build=_build,
    credentials=closed(
        {
            "tenantId": {"type": "string", "minLength": 1},
            "clientId": {"type": "string", "minLength": 1},
            "clientSecret": {"type": "string", "minLength": 1},
        },
        "tenantId",
        "clientId",
        "clientSecret",
    ),
    example={
        "tenantId": "11111111-2222-3333-4444-555555555555",
        "clientId": "66666666-7777-8888-9999-000000000000",
        "clientSecret": "made-up-client-secret",
    },
    source="https://learn.microsoft.com/graph/api/user-sendmail",
)
