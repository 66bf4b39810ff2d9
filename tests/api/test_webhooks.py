"""Delivery results over HTTP: proved, noted once, joined to the message and its step."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from twilio.request_validator import RequestValidator

from sluiceway.api.app import build_app
from sluiceway.engine.messages import new_messages
from sluiceway.errors import TargetUnreachable
from sluiceway.models.message import Channel, EmailContent, QueuedMessage
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.base import OutboundResponse
from tests.providers.webhooks.test_reports import TOPIC, Amazon, ses_event

if TYPE_CHECKING:
    from tests.conftest import Answer, Door

PATH = "/sluiceway/v1/webhooks"
LEASE = timedelta(seconds=60)
KEY = "made-up-signing-key"


def queue(door: Door, receipt: str | None = None) -> str:
    services = door.services
    (row,) = new_messages(
        (
            QueuedMessage(
                channel=Channel.EMAIL,
                content=EmailContent(to="ada@x.example", subject="s", html="h"),
            ),
        ),
        execution_id="afe_1",
        step_id="mail",
        at=utc_now(),
        sealer=services.tenant.environment.sealer,
        shown=lambda value: value,
    )
    outbox = services.need_store().outbox
    assert door.run(outbox.enqueue(row))
    if receipt is not None:
        (claimed,) = door.run(outbox.claim("email", "w", limit=1, lease=LEASE, now=utc_now()))
        door.run(outbox.mark_sent(claimed, at=utc_now(), receipt=receipt))
    return row.id


def mailgun(event: str, *, id_: str = "ev1", token: str = "t1", **more: Any) -> bytes:
    stamp = str(int(utc_now().timestamp()))
    signature = hmac.new(KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return json.dumps(
        {
            "signature": {"timestamp": stamp, "token": token, "signature": signature},
            "event-data": {"event": event, "id": id_, "timestamp": 1.0, **more},
        }
    ).encode()


def post(door: Door, provider: str, raw: bytes, **more: Any) -> Answer:
    return door("POST", f"{PATH}/{provider}", raw=raw, signed_in=False, **more)


def about(id_: str) -> dict[str, Any]:
    return {"user-variables": {"sluiceway_message_id": id_}}


def test_keys_are_kept_and_secret_ones_never_shown(door: Door) -> None:
    found = {entry["provider"]: entry for entry in door("GET", PATH).body["webhooks"]}
    assert set(found) == {"sendgrid", "mailgun", "ses", "resend", "twilio"}
    assert not any(entry["is_set"] for entry in found.values())
    assert found["resend"]["url"] == "https://localhost:4080/sluiceway/v1/webhooks/resend"

    secret = door("PUT", f"{PATH}/mailgun", {"key": KEY}).body
    assert secret["is_set"]
    assert KEY not in str(secret)
    assert door("PUT", f"{PATH}/ses", {"key": TOPIC}).body["key"] == TOPIC
    assert door("PUT", f"{PATH}/mailgun", {"key": ""}).status == 400
    assert door("PUT", f"{PATH}/mailgum", {"key": KEY}).status == 404
    assert door("DELETE", f"{PATH}/mailgun").status == 204
    assert post(door, "mailgun", mailgun("delivered")).status == 406


def test_a_report_reaches_its_message_once(door: Door) -> None:
    door("PUT", f"{PATH}/mailgun", {"key": KEY})
    id_ = queue(door)
    body = mailgun("delivered", **about(id_))

    first, again = post(door, "mailgun", body), post(door, "mailgun", body)

    assert (first.status, first.body) == (200, {"received": 1, "noted": 1, "unknown": 0})
    assert (again.status, again.body) == (200, {"received": 1, "noted": 0, "unknown": 0})
    message = door("GET", f"/sluiceway/v1/outbox/{id_}").body
    assert message["delivery"] == "delivered"
    assert [report["event"] for report in message["reports"]] == ["delivered"]
    assert message["step_id"] == "mail"


def test_a_token_is_not_good_for_another_body(door: Door) -> None:
    door("PUT", f"{PATH}/mailgun", {"key": KEY})
    id_ = queue(door)
    assert post(door, "mailgun", mailgun("delivered", **about(id_))).status == 200

    forged = post(door, "mailgun", mailgun("complained", id_="ev2", **about(id_)))

    assert forged.status == 406
    assert door("GET", f"/sluiceway/v1/outbox/{id_}").body["delivery"] == "delivered"


def test_reports_out_of_order_leave_the_furthest(door: Door) -> None:
    door("PUT", f"{PATH}/mailgun", {"key": KEY})
    id_ = queue(door, receipt="mailgun:1@mg")
    names = ["complained", "delivered", "accepted"]
    for number, name in enumerate(names):
        body = mailgun(name, id_=f"ev{number}", token=f"t{number}", **about(id_))
        assert post(door, "mailgun", body).body["noted"] == 1

    message = door("GET", f"/sluiceway/v1/outbox/{id_}").body
    assert message["delivery"] == "complained"
    assert [report["event"] for report in message["reports"]] == names


def test_a_message_is_found_by_the_providers_id_too(door: Door) -> None:
    door("PUT", f"{PATH}/mailgun", {"key": KEY})
    id_ = queue(door, receipt="mailgun:1@mg")
    message = {"headers": {"message-id": "1@mg"}}

    assert post(door, "mailgun", mailgun("delivered", message=message)).body["noted"] == 1
    assert door("GET", f"/sluiceway/v1/outbox/{id_}").body["delivery"] == "delivered"
    other = {"headers": {"message-id": "2@mg"}}
    body = mailgun("delivered", token="t2", message=other)
    assert post(door, "mailgun", body).body == {"received": 1, "noted": 0, "unknown": 1}


def test_twilios_posts_are_proved_by_the_phone_providers_own_token(door: Door) -> None:
    door(
        "POST",
        "/api/v2/branding/phone/providers",
        {
            "name": "twilio",
            "credentials": {"auth_token": "made-up-token"},
            "configuration": {
                "sid": "AC1",
                "default_from": "+12025550100",
                "delivery_methods": ["text"],
            },
        },
    )
    id_ = queue(door)
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "Body": "Grüße & mehr"}
    url = f"https://localhost:4080{PATH}/twilio?message={id_}"
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": RequestValidator("made-up-token").compute_signature(url, fields),
    }

    answer = post(
        door, "twilio", urlencode(fields).encode(), headers=headers, query={"message": id_}
    )

    assert (answer.status, answer.body["noted"]) == (200, 1)
    forged = post(
        door,
        "twilio",
        urlencode({**fields, "MessageStatus": "failed"}).encode(),
        headers=headers,
        query={"message": id_},
    )
    assert forged.status == 406


class Web:
    """Amazon's pages."""

    def __init__(self, page: OutboundResponse) -> None:
        self.page, self.visited, self.is_down = page, list[str](), False

    async def send(self, request: Any) -> OutboundResponse:
        if self.is_down:
            raise TargetUnreachable("no answer")
        self.visited.append(request.url)
        return self.page


def test_amazons_topic_is_subscribed_to_and_its_events_are_noted(door: Door) -> None:
    amazon = Amazon()
    web = Web(amazon.page)
    services = replace(door.services, transport=web)
    asking = dataclasses.replace(door, services=services, app=build_app(services))
    asking("PUT", f"{PATH}/ses", {"key": TOPIC})
    id_ = queue(asking)
    stamp = utc_now().isoformat().replace("+00:00", "Z")
    address = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    confirmation = amazon.post(
        "subscribe",
        Type="SubscriptionConfirmation",
        Token="t",
        SubscribeURL=address,
        Timestamp=stamp,
    )
    event = ses_event("Bounce", bounce={"bounceSubType": "General"})
    event["mail"]["tags"]["sluiceway_message_id"] = [id_]
    bounced = amazon.post(event, Timestamp=stamp)

    assert post(asking, "ses", confirmation.body).status == 200
    assert web.visited[-1] == address
    assert post(asking, "ses", bounced.body).body == {"received": 1, "noted": 1, "unknown": 0}
    assert asking("GET", f"/sluiceway/v1/outbox/{id_}").body["delivery"] == "bounced"
    # The certificate is fetched once.
    assert len([url for url in web.visited if url.endswith(".pem")]) == 1


def test_a_certificate_that_cannot_be_fetched_now_asks_to_come_again(door: Door) -> None:
    amazon = Amazon()
    web = Web(amazon.page)
    web.is_down = True
    services = replace(door.services, transport=web)
    asking = dataclasses.replace(door, services=services, app=build_app(services))
    asking("PUT", f"{PATH}/ses", {"key": TOPIC})
    stamp = datetime.now().astimezone().isoformat()

    answer = post(asking, "ses", amazon.post(ses_event("Send"), Timestamp=stamp).body)

    assert answer.status == 503
    assert answer.headers.get("content-type") == "application/json; charset=utf-8"


@pytest.mark.parametrize("raw", [b"", b"{}", b"null", b"[]", b"\xff\xfe", b'{"signature": 1}'])
@pytest.mark.parametrize("provider", ["sendgrid", "mailgun", "ses", "resend", "twilio"])
def test_nonsense_is_not_acceptable(door: Door, provider: str, raw: bytes) -> None:
    door("PUT", f"{PATH}/{provider}", {"key": "k" * 20})
    assert post(door, provider, raw).status == 406
    assert post(door, "pigeon", raw).status == 404


def test_a_post_that_is_too_large_is_refused(door: Door) -> None:
    door("PUT", f"{PATH}/mailgun", {"key": KEY})

    assert post(door, "mailgun", b"x" * (2 * 1024 * 1024 + 1)).status == 413


def test_an_executions_steps_show_what_became_of_their_messages(door: Door) -> None:
    door("PUT", f"{PATH}/mailgun", {"key": KEY})
    step = {
        "id": "mail",
        "type": "AUTH0",
        "action": "SEND_EMAIL",
        "params": {"to": "ada@x.example", "subject": "s", "body": "<p>b</p>"},
    }
    flow = door("POST", "/api/v2/flows", {"name": "f", "actions": [step]}).body
    execution = run_flow(door, flow["id"])
    url = f"/sluiceway/v1/executions/{execution}"
    (shown,) = door("GET", url, query={"hydrate": "debug"}).body["debug"]["steps"]
    (message,) = shown["messages"]
    assert (message["channel"], message["delivery"]) == ("email", "queued")

    post(door, "mailgun", mailgun("delivered", **about(message["id"])))

    (shown,) = door("GET", url, query={"hydrate": "debug"}).body["debug"]["steps"]
    assert [m["delivery"] for m in shown["messages"]] == ["delivered"]
    wire = door("GET", f"/api/v2/flows/{flow['id']}/executions/{execution}?hydrate=debug").body
    assert "messages" not in str(wire)


def run_flow(door: Door, flow_id: str) -> str:
    """Run a flow as a worker would."""
    from sluiceway.engine.base import World  # noqa: PLC0415 - one use
    from sluiceway.engine.live import Live  # noqa: PLC0415
    from sluiceway.engine.worker import Worker  # noqa: PLC0415
    from sluiceway.management.provider_directory import TenantProviders  # noqa: PLC0415
    from sluiceway.providers.choice import Providers  # noqa: PLC0415

    nothing: Any = None
    services = door.services
    directory = TenantProviders(services.tenant.environment)
    world = World(
        tenant=nothing,
        send=nothing,
        connections=nothing,
        require_provider=Providers(directory).describe,
        codes=services.need_store().codes,
    )
    started = door("POST", f"/sluiceway/v1/flows/{flow_id}/executions", {}).body["id"]
    executions = services.need_executions()

    async def work() -> None:
        worker = Worker(executions._engine, world, Live(), concurrency=1)
        running = asyncio.create_task(worker.run())
        while not await executions.wait(started, timeout_s=0.05):
            pass
        worker.stop()
        await running

    door.run(work())
    return str(started)
