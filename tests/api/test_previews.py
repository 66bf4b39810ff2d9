"""Previews over the API, and the page that an email gets of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Answer, Door

PATH = "/sluiceway/v1/previews"
BODY = "<p>Hello {{ user.name | escape }}</p><script>alert(1)</script><img src='https://t.x/p.gif'>"
DRAFT = {
    "action": "AUTH0/SEND_EMAIL",
    "params": {"to": "{{context.user.email}}", "subject": "Hi {{ user.name }}", "body": BODY},
}


def post(door: Door, body: Any, status: int = 200) -> Answer:
    answer = door("POST", PATH, body)
    assert answer.status == status, answer.body
    return answer


def test_a_draft_is_rendered_with_sample_data(door: Door) -> None:
    shown = post(door, DRAFT).body

    assert shown["subject"] == "Hi Ada Lovelace"
    assert shown["html"].startswith("<p>Hello Ada Lovelace</p>")
    assert shown["text"] == "Hello Ada Lovelace"
    assert shown["remote_images"] == ["https://t.x/p.gif"]
    assert [problem["code"] for problem in shown["problems"]] == ["remote_image"]
    assert shown["url"] == f"{PATH}/{shown['id']}"


def test_the_page_lets_nothing_in(door: Door) -> None:
    url = post(door, DRAFT).body["url"]

    page = door("GET", url)

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body.startswith("<p>Hello Ada Lovelace</p><script>")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
    assert policy.endswith("; sandbox")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"

    shown = door("GET", url, query={"images": "show"})
    assert "img-src data: https: http:;" in shown.headers["content-security-policy"]
    text = door("GET", url, query={"part": "text"})
    assert "Hello Ada Lovelace</pre>" in text.body


def test_the_text_of_a_message_is_escaped_on_its_page(door: Door) -> None:
    draft = {"action": "AUTH0/SEND_SMS", "params": {"to": "+12025550123", "message": "<b>&</b>"}}
    url = post(door, draft).body["url"]

    assert "&lt;b&gt;&amp;&lt;/b&gt;</pre>" in door("GET", url).body


def test_a_page_needs_a_client_and_ends(door: Door) -> None:
    url = post(door, DRAFT).body["url"]

    assert door("GET", url, signed_in=False).status == 401
    assert door("GET", f"{PATH}/none").status == 404


def test_a_step_of_a_saved_flow_with_given_data(door: Door) -> None:
    step = {"id": "mail", "type": "AUTH0", "action": "SEND_EMAIL", "params": DRAFT["params"]}
    nothing = {"id": "nothing", "type": "FLOW", "action": "DO_NOTHING"}
    flow = door("POST", "/api/v2/flows", {"name": "f", "actions": [step, nothing]}).body
    data = {"context": {"user": {"name": "Bob", "email": "bob@x.example"}}}

    shown = post(door, {"flow_id": flow["id"], "step_id": "mail", "data": data}).body

    assert (shown["to"], shown["subject"]) == ("bob@x.example", "Hi Bob")
    post(door, {"flow_id": flow["id"], "step_id": "none"}, 404)
    post(door, {"flow_id": flow["id"], "step_id": "nothing"}, 400)


def test_an_executions_values_are_those_of_its_record(door: Door) -> None:
    steps = [
        {
            "id": "otp",
            "type": "OTP",
            "action": "GENERATE_CODE",
            "params": {"reference": "r", "length": 6},
        }
    ]
    flow = door("POST", "/api/v2/flows", {"name": "f", "actions": steps}).body
    started = door(
        "POST",
        f"/sluiceway/v1/flows/{flow['id']}/executions",
        {"context": {"user": {"name": "Eve", "email": "eve@x.example"}}},
    ).body
    draft = {
        "action": "AUTH0/SEND_EMAIL",
        "params": {"to": "{{context.user.email}}", "subject": "{{ user.name }}", "body": "x"},
    }

    shown = post(door, {**draft, "execution_id": started["id"]}).body

    assert (shown["to"], shown["subject"]) == ("eve@x.example", "Eve")
    token = door.run(
        door.services.tenant.tokens.issue(
            "test-client", ["read:flows"], "https://localhost:4080/api/v2/"
        )
    )
    refused = door(
        "POST",
        PATH,
        {**draft, "execution_id": started["id"]},
        headers={"authorization": f"Bearer {token}"},
        signed_in=False,
    )
    assert refused.status == 403


def test_stock_templates_are_rendered_by_the_same_engine(door: Door) -> None:
    door(
        "POST",
        "/api/v2/email-templates",
        {
            "template": "welcome_email",
            "body": "<p>Welcome to {{ application.name }}, {{ user.name }}: {{ url }}</p>",
            "from": "",
            "subject": "Welcome",
            "syntax": "liquid",
            "enabled": True,
        },
    )
    shown = post(door, {"template": {"channel": "email", "name": "welcome_email"}}).body
    assert shown["text"] == (
        "Welcome to My application, Ada Lovelace: https://example.com/made-up-link"
    )

    made = door("POST", "/api/v2/branding/phone/templates", {"type": "otp_verify"}).body
    for name in (made["id"], "otp_verify"):
        shown = post(door, {"template": {"channel": "sms", "name": name}}).body
        assert shown["text"] == "123456 is your verification code for Sluiceway"
    post(door, {"template": {"channel": "email", "name": "reset_email"}}, 404)
    post(door, {"template": {"channel": "email", "name": "welcom_email"}}, 400)


@pytest.mark.parametrize("body", [{}, {**DRAFT, "flow_id": "af_x"}, {"action": "FLOW/X"}])
def test_one_thing_is_previewed_at_a_time(door: Door, body: Any) -> None:
    post(door, body, 400)
