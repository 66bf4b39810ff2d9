"""Send email through Amazon SES, version 2 of its API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.providers.answers import check_status, failure, read_object, read_text
from sluiceway.providers.base import EmailProviderSpec, Receipt
from sluiceway.providers.configuration import closed, host_part, required_text
from sluiceway.providers.mime import encode_display_name
from sluiceway.providers.requests import MESSAGE_KEY, json_request
from sluiceway.providers.sigv4 import AwsKey, sign_request

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "Ses"]

# SES says 400 to these although trying again later helps.
_MAY_PASS: Final = frozenset(
    {
        "LimitExceededException",
        "RequestTimeTooSkewed",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


class Ses(Discreet, msgspec.Struct, frozen=True):
    """``POST /v2/email/outbound-emails``, signed with Signature Version 4."""

    withheld = frozenset({"key"})

    key: AwsKey
    region: str
    configuration_set: str | None = None

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to SES's JSON and sign it; see ``HttpEmailProvider``."""
        headers: list[JsonValue] = [
            {"Name": name, "Value": value} for name, value in message.extra_headers.items()
        ]
        simple: JsonObject = {
            "Subject": {"Data": message.subject, "Charset": "UTF-8"},
            "Body": {
                "Text": {"Data": message.text, "Charset": "UTF-8"},
                "Html": {"Data": message.html, "Charset": "UTF-8"},
            },
        }
        if headers:
            simple["Headers"] = headers
        body: JsonObject = {
            "FromEmailAddress": encode_display_name(message.sender),
            "Destination": {"ToAddresses": [message.to.email]},
            "Content": {"Simple": simple},
            "EmailTags": [{"Name": MESSAGE_KEY, "Value": message.id}],
        }
        if self.configuration_set:
            body["ConfigurationSetName"] = self.configuration_set
        request = json_request(
            f"https://email.{self.region}.amazonaws.com/v2/email/outbound-emails", body, headers={}
        )
        return sign_request(request, self.key, region=self.region, service="ses", at=message.at)

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``MessageId``; see ``HttpEmailProvider``."""
        kind = response.headers.get("x-amzn-errortype", "").partition(":")[0]
        if not response.is_success and kind in _MAY_PASS:
            raise failure(response, "Amazon SES", may_pass=True)
        check_status(response, "Amazon SES")
        return Receipt(read_text(read_object(response), "MessageId"))


def _build(configured: ConfiguredProvider) -> Ses:
    settings = configured.settings.get("message")
    name = settings.get("configuration_set_name") if isinstance(settings, dict) else None
    return Ses(
        key=AwsKey(
            id=required_text(configured, "accessKeyId"),
            secret=required_text(configured, "secretAccessKey"),
        ),
        region=host_part(configured, "region"),
        configuration_set=name if isinstance(name, str) and name else None,
    )


PROVIDER = EmailProviderSpec(
    name="ses",
    title="Amazon SES",
    build=_build,
    credentials=closed(
        {
            "accessKeyId": {"type": "string", "minLength": 1},
            "secretAccessKey": {"type": "string", "minLength": 1},
            "region": {"type": "string", "minLength": 1},
        },
        "accessKeyId",
        "secretAccessKey",
        "region",
    ),
    settings={
        "type": ["object", "null"],
        "properties": {
            "message": {
                "type": "object",
                "properties": {"configuration_set_name": {"type": "string"}},
            }
        },
    },
    shown_credentials=("region",),
    example={
        "accessKeyId": "AKIAMADEUPKEY",
        "secretAccessKey": "made-up-secret-access-key",
        "region": "eu-west-1",
    },
    source="https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html",
    rate_per_s=14.0,
    burst=14.0,
)
