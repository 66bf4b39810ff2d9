"""Posts of providers: proved as their own libraries prove them, read in one vocabulary."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sendgrid.helpers.eventwebhook import EventWebhook
from svix.webhooks import Webhook
from twilio.request_validator import RequestValidator

from sluiceway.models.delivery import DeliveryStatus
from sluiceway.outbound.base import OutboundResponse
from sluiceway.providers.webhooks.base import WebhookPost, WebhookRefused
from sluiceway.providers.webhooks.mailgun import WEBHOOK as MAILGUN
from sluiceway.providers.webhooks.resend import WEBHOOK as RESEND
from sluiceway.providers.webhooks.sendgrid import WEBHOOK as SENDGRID
from sluiceway.providers.webhooks.ses import WEBHOOK as SES
from sluiceway.providers.webhooks.twilio import WEBHOOK as TWILIO

NOW = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
STAMP = str(int(NOW.timestamp()))
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-events"
SVIX = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def read(spec: Any, post: WebhookPost, *keys: str, fetched: Any = None) -> list[Any]:
    return list(spec.webhook.read(post, keys=keys, fetched=fetched).reports)


def told(reports: list[Any]) -> list[tuple[Any, ...]]:
    return [(r.status, r.event, r.message_id, r.receipt, r.detail) for r in reports]


# SendGrid -----------------------------------------------------------------------------------


class SendGridSigner:
    """Signs as SendGrid does; its own library is asked whether it agrees."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public = base64.b64encode(public).decode()

    def post(self, body: str, stamp: str = STAMP) -> WebhookPost:
        signature = base64.b64encode(
            self._key.sign((stamp + body).encode(), ec.ECDSA(hashes.SHA256()))
        ).decode()
        assert EventWebhook(self.public).verify_signature(body, signature, stamp)
        return WebhookPost(
            body=body.encode(),
            headers={
                "x-twilio-email-event-webhook-signature": signature,
                "x-twilio-email-event-webhook-timestamp": stamp,
            },
            now=NOW,
        )


def sendgrid_event(name: str, **more: Any) -> dict[str, Any]:
    return {
        "email": "ada@x.example",
        "timestamp": 1772357400,
        "smtp-id": "<msg_1@shop.example>",
        "event": name,
        "sg_event_id": f"id-{name}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "sluiceway_message_id": "msg_1",
        **more,
    }


def test_the_example_of_sendgrids_own_library() -> None:
    # Published with the test of sendgrid-nodejs's package eventwebhook.
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcw"
        "HBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
    )
    signature = (
        "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nl"
        "xFDWYNH2j/0="
    )
    payload = {
        "category": "example_payload",
        "event": "test_event",
        "message_id": "message_id",
    }
    post = WebhookPost(
        body=json.dumps(payload, separators=(",", ":")).encode(),
        headers={
            "x-twilio-email-event-webhook-signature": signature,
            "x-twilio-email-event-webhook-timestamp": "1588788367",
        },
        now=dt.datetime.fromtimestamp(1588788367, dt.UTC),
    )

    assert read(SENDGRID, post, key) == []
    with pytest.raises(WebhookRefused):
        read(SENDGRID, replace(post, body=post.body + b" "), key)


def test_sendgrids_events() -> None:
    signer = SendGridSigner()
    body = json.dumps(
        [
            sendgrid_event("processed"),
            sendgrid_event("deferred", response="400 try again later"),
            sendgrid_event("delivered", response="250 OK"),
            sendgrid_event("bounce", reason="500 unknown recipient", status="5.0.0"),
            sendgrid_event("dropped", reason="Bounced Address"),
            sendgrid_event("spamreport"),
            sendgrid_event("open"),
            sendgrid_event("click", url="https://x.example"),
            "nonsense",
        ]
    )

    reports = read(SENDGRID, signer.post(body), signer.public)

    who = ("msg_1", "sendgrid:14c5d75ce93")
    assert told(reports) == [
        (DeliveryStatus.QUEUED, "processed", *who, ""),
        (DeliveryStatus.QUEUED, "deferred", *who, "400 try again later"),
        (DeliveryStatus.DELIVERED, "delivered", *who, "250 OK"),
        (DeliveryStatus.BOUNCED, "bounce", *who, "500 unknown recipient"),
        (DeliveryStatus.FAILED, "dropped", *who, "Bounced Address"),
        (DeliveryStatus.COMPLAINED, "spamreport", *who, ""),
    ]
    assert reports[0].id == "id-processed"
    assert reports[0].at == dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)


def test_another_key_an_old_post_and_no_key_are_refused() -> None:
    signer, other = SendGridSigner(), SendGridSigner()
    post = signer.post("[]")

    assert read(SENDGRID, post, other.public, signer.public) == []
    for keys in ((other.public,), ("not base64",), ("AAAA",), ()):
        with pytest.raises(WebhookRefused):
            read(SENDGRID, post, *keys)
    with pytest.raises(WebhookRefused, match="of today"):
        read(SENDGRID, replace(post, now=NOW + dt.timedelta(hours=25)), signer.public)


# Mailgun ------------------------------------------------------------------------------------


def mailgun(event: dict[str, Any], *, key: str = "key-1", stamp: str = STAMP) -> WebhookPost:
    token = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = {
        "signature": {"timestamp": stamp, "token": token, "signature": signature},
        "event-data": event,
    }
    return WebhookPost(body=json.dumps(body).encode(), headers={}, now=NOW)


def mailgun_event(name: str, **more: Any) -> dict[str, Any]:
    return {
        "event": name,
        "id": "ev1",
        "timestamp": 1772357400.937,
        "message": {"headers": {"message-id": "msg_1@shop.example", "to": "Ada <ada@x.example>"}},
        "user-variables": {"sluiceway_message_id": "msg_1"},
        **more,
    }


BOUNCED = {"delivery-status": {"code": 605, "message": "", "description": "Not delivering"}}


@pytest.mark.parametrize(
    ("event", "status", "name", "detail"),
    [
        (mailgun_event("accepted"), DeliveryStatus.QUEUED, "accepted", ""),
        (
            mailgun_event("delivered", **{"delivery-status": {"message": "OK"}}),
            DeliveryStatus.DELIVERED,
            "delivered",
            "OK",
        ),
        (
            mailgun_event("failed", severity="temporary", reason="generic"),
            DeliveryStatus.QUEUED,
            "failed (temporary)",
            "generic",
        ),
        (
            mailgun_event("failed", severity="permanent", reason="bounce", **BOUNCED),
            DeliveryStatus.BOUNCED,
            "failed (permanent)",
            "Not delivering",
        ),
        (
            mailgun_event("failed", severity="permanent", reason="suppress-bounce"),
            DeliveryStatus.FAILED,
            "failed (permanent)",
            "suppress-bounce",
        ),
        (mailgun_event("rejected"), DeliveryStatus.FAILED, "rejected", ""),
        (mailgun_event("complained"), DeliveryStatus.COMPLAINED, "complained", ""),
    ],
)
def test_mailguns_events(
    event: dict[str, Any], status: DeliveryStatus, name: str, detail: str
) -> None:
    expected = [(status, name, "msg_1", "mailgun:msg_1@shop.example", detail)]
    assert told(read(MAILGUN, mailgun(event), "other", "key-1")) == expected


def test_mailguns_signature_is_needed_and_its_token_is_for_one_body() -> None:
    post = mailgun(mailgun_event("delivered"))

    reading = MAILGUN.webhook.read(post, keys=("key-1",), fetched=None)
    assert reading.single_use.startswith("a8ce0e")
    assert read(MAILGUN, mailgun(mailgun_event("opened")), "key-1") == []
    with pytest.raises(WebhookRefused):
        read(MAILGUN, post, "key-2")
    with pytest.raises(WebhookRefused, match="of today"):
        read(MAILGUN, mailgun(mailgun_event("delivered"), stamp="1772000000"), "key-1")


# Resend -------------------------------------------------------------------------------------


def resend(event: dict[str, Any], *, at: dt.datetime = NOW, prefix: str = "svix") -> WebhookPost:
    body = json.dumps(event)
    headers = {
        f"{prefix}-id": "evt_1",
        f"{prefix}-timestamp": str(int(at.timestamp())),
        f"{prefix}-signature": Webhook(SVIX).sign("evt_1", at, body),
    }
    return WebhookPost(body=body.encode(), headers=headers, now=NOW)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("email.scheduled", DeliveryStatus.QUEUED),
        ("email.sent", DeliveryStatus.SENT),
        ("email.delivered", DeliveryStatus.DELIVERED),
        ("email.delivery_delayed", DeliveryStatus.QUEUED),
        ("email.bounced", DeliveryStatus.BOUNCED),
        ("email.complained", DeliveryStatus.COMPLAINED),
        ("email.failed", DeliveryStatus.FAILED),
    ],
)
@pytest.mark.parametrize(
    "tags",
    [{"sluiceway_message_id": "msg_1"}, [{"name": "sluiceway_message_id", "value": "msg_1"}]],
)
def test_resends_events(name: str, status: DeliveryStatus, tags: Any) -> None:
    data = {
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "tags": tags,
        "bounce": {"message": "The mailbox is full", "type": "Transient"},
    }
    event = {"type": name, "created_at": "2026-03-01T09:29:59.000Z", "data": data}

    (report,) = read(RESEND, resend(event), "whsec_b3RoZXI=", SVIX)

    assert (report.id, report.status, report.message_id) == ("evt_1", status, "msg_1")
    assert report.receipt == "resend:56761188-7520-42d8-8898-ff6fc54ce618"
    assert report.at == dt.datetime(2026, 3, 1, 9, 29, 59, tzinfo=dt.UTC)
    assert report.detail == "The mailbox is full"


def test_resends_signature_lasts_five_minutes() -> None:
    event = {"type": "email.opened", "data": {}}
    assert read(RESEND, resend(event), SVIX) == []
    assert read(RESEND, resend(event, prefix="webhook"), SVIX) == []
    for late in (dt.timedelta(seconds=301), dt.timedelta(seconds=-301)):
        with pytest.raises(WebhookRefused):
            read(RESEND, resend(event, at=NOW + late), SVIX)
    with pytest.raises(WebhookRefused):
        read(RESEND, replace(resend(event), body=b"{}"), SVIX)


# Twilio -------------------------------------------------------------------------------------

URL = "https://auth.shop.example/sluiceway/v1/webhooks/twilio?message=msg_1"
TOKEN = "12345"


def twilio(
    fields: dict[str, str], *, signed_url: str = URL, algorithm: str | None = None
) -> WebhookPost:
    signature = RequestValidator(TOKEN).compute_signature(signed_url, fields, algorithm)
    settings = f"key=webhooks_sharedkey_1,algorithm={algorithm}" if algorithm else ""
    return WebhookPost(
        body=urlencode(fields).encode(),
        headers={
            "x-twilio-signature": signature,
            "x-twilio-webhooks-signature-settings": settings,
        },
        urls=(URL, URL.replace("https:", "http:")),
        query={"message": "msg_1"},
        now=NOW,
    )


MESSAGE = {
    "MessageSid": "SM1",
    "SmsSid": "SM1",
    "AccountSid": "AC1",
    "From": "+12025550100",
    "To": "+12025550123",
    "ApiVersion": "2010-04-01",
}
CALL = {"CallSid": "CA1", "AccountSid": "AC1", "Timestamp": "Sun, 01 Mar 2026 09:30:00 +0000"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("queued", DeliveryStatus.QUEUED),
        ("sending", DeliveryStatus.QUEUED),
        ("sent", DeliveryStatus.SENT),
        ("delivered", DeliveryStatus.DELIVERED),
        ("undelivered", DeliveryStatus.FAILED),
        ("failed", DeliveryStatus.FAILED),
    ],
)
def test_twilios_message_statuses(name: str, status: DeliveryStatus) -> None:
    fields = {**MESSAGE, "MessageStatus": name, "SmsStatus": name, "ErrorCode": "30003"}

    (report,) = read(TWILIO, twilio(fields), "other", TOKEN)

    assert (report.id, report.status, report.event) == (f"SM1:{name}", status, name)
    assert (report.message_id, report.receipt) == ("msg_1", "twilio:SM1")
    assert report.detail == "Twilio's error 30003"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("ringing", DeliveryStatus.SENT),
        ("in-progress", DeliveryStatus.DELIVERED),
        ("completed", DeliveryStatus.DELIVERED),
        ("busy", DeliveryStatus.FAILED),
        ("no-answer", DeliveryStatus.FAILED),
    ],
)
def test_twilios_call_statuses(name: str, status: DeliveryStatus) -> None:
    (report,) = read(TWILIO, twilio({**CALL, "CallStatus": name}), TOKEN)

    assert (report.id, report.status, report.receipt) == (f"CA1:{name}", status, "twilio:CA1")
    assert report.at == NOW


@pytest.mark.parametrize(
    "signed_url",
    [
        URL,
        URL.replace("shop.example", "shop.example:443"),
        URL.replace("https:", "http:"),
        URL.replace("https:", "http:").replace("shop.example", "shop.example:80"),
    ],
)
@pytest.mark.parametrize("algorithm", [None, "HMAC_SHA1", "HMAC_SHA256"])
def test_twilio_signs_the_url_with_or_without_its_port(
    signed_url: str, algorithm: str | None
) -> None:
    post = twilio({**MESSAGE, "MessageStatus": "sent"}, signed_url=signed_url, algorithm=algorithm)
    assert len(read(TWILIO, post, TOKEN)) == 1


def test_any_change_of_twilios_post_is_refused() -> None:
    post = twilio({**MESSAGE, "MessageStatus": "delivered"})
    changes: list[dict[str, Any]] = [
        {"body": post.body.replace(b"delivered", b"failed")},
        {"urls": (URL.replace("msg_1", "msg_2"),)},
        {"headers": {}},
        {"headers": {"x-twilio-signature": "ü"}},
    ]
    for change in changes:
        with pytest.raises(WebhookRefused):
            read(TWILIO, replace(post, **change), TOKEN)
    with pytest.raises(WebhookRefused):
        read(TWILIO, post, "other")


# Amazon SES ---------------------------------------------------------------------------------


class Amazon:
    """A certificate like Amazon SNS's, and messages signed with it."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(NOW - dt.timedelta(days=1))
            .not_valid_after(NOW + dt.timedelta(days=1))
            .sign(self._key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.page = OutboundResponse(status=200, headers={}, body=pem)

    def post(self, message: Any, *, version: str = "1", **changes: Any) -> WebhookPost:
        envelope = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": "2026-03-01T09:30:00.000Z",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
            **changes,
        }
        names = sorted({*envelope} - {"SigningCertURL", "UnsubscribeURL"})
        if envelope["Type"] == "Notification":
            names = [name for name in names if name not in {"Token", "SubscribeURL"}]
        signed = "".join(f"{name}\n{envelope[name]}\n" for name in names)
        algorithm: Any = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), algorithm)
        envelope |= {
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
        }
        return WebhookPost(body=json.dumps(envelope).encode(), headers={}, now=NOW)


@pytest.fixture(scope="module")
def amazon() -> Amazon:
    return Amazon()


def ses_event(name: str, **more: Any) -> dict[str, Any]:
    return {
        "eventType": name,
        "mail": {
            "messageId": "EXAMPLE7c191be45",
            "timestamp": "2026-03-01T09:29:00.000Z",
            "tags": {"sluiceway_message_id": ["msg_1"], "ses:operation": ["SendEmail"]},
        },
        **more,
    }


@pytest.mark.parametrize(
    ("event", "status", "detail"),
    [
        (ses_event("Send", send={}), DeliveryStatus.SENT, ""),
        (
            ses_event("Delivery", delivery={"smtpResponse": "250 ok", "timestamp": "x"}),
            DeliveryStatus.DELIVERED,
            "250 ok",
        ),
        (
            ses_event(
                "Bounce",
                bounce={
                    "bounceType": "Permanent",
                    "bounceSubType": "General",
                    "bouncedRecipients": [{"diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
                },
            ),
            DeliveryStatus.BOUNCED,
            "smtp; 550 5.1.1 user unknown",
        ),
        (
            ses_event("Complaint", complaint={"complaintFeedbackType": "abuse"}),
            DeliveryStatus.COMPLAINED,
            "abuse",
        ),
        (
            ses_event("Reject", reject={"reason": "Bad content"}),
            DeliveryStatus.FAILED,
            "Bad content",
        ),
        (
            ses_event("DeliveryDelay", deliveryDelay={"delayType": "MailboxFull"}),
            DeliveryStatus.QUEUED,
            "MailboxFull",
        ),
        (
            ses_event("Rendering Failure", failure={"errorMessage": "no such attribute"}),
            DeliveryStatus.FAILED,
            "no such attribute",
        ),
    ],
)
@pytest.mark.parametrize("version", ["1", "2"])
def test_sess_events(
    amazon: Amazon, version: str, event: dict[str, Any], status: DeliveryStatus, detail: str
) -> None:
    post = amazon.post(event, version=version)

    assert SES.wanted is not None
    wanted = SES.wanted(post, (TOPIC,))
    assert wanted.url.startswith("https://sns.eu-west-1.amazonaws.com/")
    (report,) = read(SES, post, TOPIC, fetched=amazon.page)
    assert (report.status, report.message_id) == (status, "msg_1")
    assert (report.receipt, report.detail) == ("ses:EXAMPLE7c191be45", detail)


def test_a_subscription_is_confirmed_by_a_visit(amazon: Amazon) -> None:
    address = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    post = amazon.post(
        "You have chosen to subscribe",
        Type="SubscriptionConfirmation",
        Token="t",
        SubscribeURL=address,
    )
    reading = SES.webhook.read(post, keys=(TOPIC,), fetched=amazon.page)
    assert reading.visit is not None
    assert reading.visit.url == address

    elsewhere = amazon.post(
        "x", Type="SubscriptionConfirmation", Token="t", SubscribeURL="https://evil.example/"
    )
    with pytest.raises(WebhookRefused, match="address of Amazon"):
        SES.webhook.read(elsewhere, keys=(TOPIC,), fetched=amazon.page)


@pytest.mark.parametrize(
    "address",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://user@sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://s3.eu-west-1.amazonaws.com/x.pem",
        "file:///etc/passwd.pem",
        "",
    ],
)
def test_a_certificate_comes_from_amazon_alone(amazon: Amazon, address: str) -> None:
    post = amazon.post(ses_event("Send"), SigningCertURL=address)
    assert SES.wanted is not None
    with pytest.raises(WebhookRefused, match="address of Amazon"):
        SES.wanted(post, (TOPIC,))


def test_what_others_signed_or_nobody_did_is_refused(amazon: Amazon) -> None:
    post = amazon.post(ses_event("Delivery"))
    assert read(SES, amazon.post("Amazon's own words"), TOPIC, fetched=amazon.page) == []
    with pytest.raises(WebhookRefused, match="topic"):
        read(SES, post, "arn:aws:sns:eu-west-1:999999999999:theirs", fetched=amazon.page)
    attempts: list[tuple[WebhookPost, Any]] = [
        (post, Amazon().page),
        (post, None),
        (post, OutboundResponse(status=404, headers={}, body=b"")),
        (post, OutboundResponse(status=200, headers={}, body=b"no certificate")),
        (replace(post, body=post.body.replace(b"Delivery", b"Bounce  ")), amazon.page),
        (amazon.post(ses_event("Delivery"), version="3"), amazon.page),
    ]
    for attempt, page in attempts:
        with pytest.raises(WebhookRefused, match="signature"):
            read(SES, attempt, TOPIC, fetched=page)
    with pytest.raises(WebhookRefused, match="of today"):
        read(SES, replace(post, now=NOW + dt.timedelta(days=2)), TOPIC, fetched=amazon.page)


@pytest.mark.parametrize("spec", [SENDGRID, MAILGUN, RESEND, TWILIO, SES], ids=lambda s: s.name)
@given(body=st.binary(max_size=200))
def test_nonsense_is_refused_and_nothing_else(spec: Any, body: bytes) -> None:
    post = WebhookPost(body=body, headers={}, urls=(URL,), now=NOW)
    with pytest.raises(WebhookRefused):
        read(spec, post, TOPIC if spec is SES else TOKEN)
