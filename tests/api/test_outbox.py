"""The outbox over the API: lists, what a message says, sending again, giving up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.engine.messages import new_messages
from sluiceway.models.delivery import DeliveryReport, DeliveryStatus
from sluiceway.models.message import Channel, EmailContent, PhoneContent, QueuedMessage
from sluiceway.models.timestamps import utc_now

if TYPE_CHECKING:
    from tests.conftest import Door

PATH = "/sluiceway/v1/outbox"
LEASE = timedelta(seconds=60)


def queue(door: Door, execution: str, *contents: Any) -> list[str]:
    services = door.services
    rows = new_messages(
        tuple(
            QueuedMessage(
                channel=Channel.EMAIL if isinstance(content, EmailContent) else Channel.SMS,
                content=content,
            )
            for content in contents
        ),
        execution_id=execution,
        step_id="mail",
        at=utc_now(),
        sealer=services.tenant.environment.sealer,
        shown=lambda value: value,
    )
    for row in rows:
        assert door.run(services.need_store().outbox.enqueue(row))
    return [row.id for row in rows]


def mail(to: str = "ada@x.example") -> EmailContent:
    return EmailContent(to=to, subject="Your code", html="<p>Code: <b>481516</b></p><script>x")


def claim(door: Door) -> Any:
    outbox = door.services.need_store().outbox
    return door.run(outbox.claim("email", "w", limit=100, lease=LEASE, now=utc_now()))


def fail(door: Door, row: Any, **error: Any) -> None:
    outbox = door.services.need_store().outbox
    given = {"code": "ERR_PROVIDER_REJECTED", "message": "550 no such user", "provider": "smtp"}
    door.run(
        outbox.mark_failed(
            row, at=utc_now(), error={**given, **error, "final": True}, retry_at=None
        )
    )


def test_a_message_shows_its_attempts_and_how_far_it_came(door: Door) -> None:
    (id_,) = queue(door, "afe_1", mail())
    assert door("GET", f"{PATH}/{id_}").body["delivery"] == "queued"

    (row,) = claim(door)
    fail(door, row)
    dead = door("GET", f"{PATH}/{id_}").body
    assert (dead["status"], dead["delivery"]) == ("DEAD", "failed")
    (attempt,) = dead["history"]
    assert attempt["at"].endswith("Z")
    assert attempt["provider"] == "smtp"
    assert attempt["final"] is True
    assert attempt["error"]["message"] == "550 no such user"

    assert door("POST", f"{PATH}/{id_}/retry").body["status"] == "QUEUED"
    (row,) = claim(door)
    outbox = door.services.need_store().outbox
    door.run(outbox.mark_sent(row, at=utc_now(), receipt="sendgrid:sg:1"))
    sent = door("GET", f"{PATH}/{id_}").body
    assert (sent["provider"], sent["receipt"], sent["delivery"]) == ("sendgrid", "sg:1", "sent")

    report = DeliveryReport(
        id="e1", status=DeliveryStatus.BOUNCED, event="bounce", at=utc_now(), detail="550"
    )
    door.run(outbox.note_report(id_, report))
    bounced = door("GET", PATH, query={"delivery": "bounced"}).body["messages"]
    assert [(m["id"], m["delivery"], m["reports"][0]["detail"]) for m in bounced] == [
        (id_, "bounced", "550")
    ]
    assert door("GET", PATH, query={"delivery": "delivered"}).body["messages"] == []
    assert door("POST", f"{PATH}/{id_}/retry").status == 409


def test_what_a_message_says_needs_a_scope_of_its_own(door: Door) -> None:
    (id_,) = queue(door, "afe_1", mail())
    assert "481516" not in str(door("GET", f"{PATH}/{id_}").body)

    content = door("GET", f"{PATH}/{id_}/content").body
    assert content["subject"] == "Your code"
    assert content["text"] == "Code: 481516"
    page = door("GET", f"{PATH}/{id_}/page")
    assert page.body.startswith("<p>Code: <b>481516</b>")
    assert page.headers["content-security-policy"].endswith("; sandbox")

    token = door.run(
        door.services.tenant.tokens.issue(
            "test-client", ["read:outbox", "update:outbox"], "https://localhost:4080/api/v2/"
        )
    )
    for part in ("content", "page"):
        headers = {"authorization": f"Bearer {token}"}
        answer = door("GET", f"{PATH}/{id_}/{part}", headers=headers, signed_in=False)
        assert answer.status == 403


def test_a_text_message_shows_its_segments(door: Door) -> None:
    (id_,) = queue(door, "afe_1", PhoneContent(to="+12025550123", text="Größe 🎉 <b>"))

    content = door("GET", f"{PATH}/{id_}/content").body
    assert content["text"] == "Größe 🎉 <b>"
    assert content["sms"] == {"encoding": "UCS-2", "units": 12, "segments": 1}
    assert "&lt;b&gt;</pre>" in door("GET", f"{PATH}/{id_}/page").body


def test_all_dead_messages_are_queued_again_at_once(door: Door) -> None:
    ids = [queue(door, f"afe_{n}", mail())[0] for n in range(3)]
    alive = queue(door, "afe_alive", PhoneContent(to="+12025550123", text="x"))
    for row in claim(door):
        fail(door, row)

    assert door("POST", f"{PATH}/retry", {"queue": "sms"}).body == {"retried": 0}
    assert door("POST", f"{PATH}/retry", {"execution_id": "afe_1"}).body == {"retried": 1}
    assert door("POST", f"{PATH}/retry", {}).body == {"retried": 2}
    counts = door("GET", f"{PATH}/counts").body
    assert (counts["QUEUED"], counts["DEAD"]) == (len(ids) + len(alive), 0)


@pytest.mark.parametrize("query", [{"delivery": "lost"}, {"queue": "fax"}, {"status": "sent"}])
def test_unknown_filters_are_refused(door: Door, query: dict[str, str]) -> None:
    assert door("GET", PATH, query=query).status == 400
