"""Signatures against the examples that their inventors publish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sluiceway.outbound.base import OutboundRequest
from sluiceway.providers.signing import is_signed, sign_webhook
from sluiceway.providers.sigv4 import AwsKey, sign_request

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1614265330, UTC)


def test_signature_version_4_of_the_post_vanilla_test_case() -> None:
    # AWS Signature Version 4 test suite, post-vanilla.
    request = OutboundRequest(method="POST", url="https://example.amazonaws.com/", headers={})
    key = AwsKey(id="AKIDEXAMPLE", secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

    signed = sign_request(
        request,
        key,
        region="us-east-1",
        service="service",
        at=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )

    assert signed.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        " SignedHeaders=host;x-amz-date, Signature="
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    )


def test_the_example_of_svix() -> None:
    # Svix docs, "Verifying payloads manually".
    headers = sign_webhook(
        b'{"test": 2432232314}', id_="msg_p5jXN8AQM9LWM0D4loKWxJek", at=AT, secret=SECRET
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"webhook-signature": "v1,AAAA"}, False),
        ({"webhook-signature": ""}, False),
        ({"webhook-id": "other"}, False),
        ({"webhook-timestamp": "later"}, False),
        ({"webhook-timestamp": "1614265331"}, False),
    ],
)
def test_any_change_breaks_the_signature(change: dict[str, str], *, accepted: bool) -> None:
    headers = {**sign_webhook(b"{}", id_="m", at=AT, secret=SECRET), **change}

    assert is_signed(headers, b"{}", secret=SECRET, now=AT) is accepted


def test_one_of_several_signatures_is_enough_and_old_ones_are_not() -> None:
    headers = sign_webhook(b"{}", id_="m", at=AT, secret=SECRET)
    headers["webhook-signature"] = f"v1,xxxx {headers['webhook-signature']} v2,yyyy"

    assert is_signed(headers, b"{}", secret=SECRET, now=AT + timedelta(seconds=299))
    assert not is_signed(headers, b"{}", secret=SECRET, now=AT + timedelta(seconds=301))
    assert not is_signed(headers, b"{} ", secret=SECRET, now=AT)
    assert not is_signed(headers, b"{}", secret="other", now=AT)
