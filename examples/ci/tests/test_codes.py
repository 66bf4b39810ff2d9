"""What a table of cases cannot say well: two flows, one after the other."""

from __future__ import annotations

from pathlib import Path

from sluiceway.testing import http

FLOWS = Path(__file__).parents[1] / "flows"
CRM = http("https://crm.example.com/*", status=201, answer={"id": "c-1"})


def test_the_code_that_was_sent_is_the_one_that_verifies(run_flow, outbox, tenant, clock):
    user = tenant.create_user(user_id="auth0|ada", email="ada@example.com")
    run_flow(FLOWS / "send_code.json", context={"user": user})
    code = outbox[-1]["subject"].split()[0]
    clock.advance(60)

    run = run_flow(
        FLOWS / "verify_email.json",
        context={"user": user},
        fields={"verification_code": code},
        http=[CRM],
    )

    assert run.path[-1] == "http_request_jva6"
    assert tenant.get_user("auth0|ada")["email_verified"] is True


def test_a_code_is_good_for_five_minutes(run_flow, outbox, tenant, clock):
    user = tenant.create_user(user_id="auth0|ada", email="ada@example.com")
    run_flow(FLOWS / "send_code.json", context={"user": user})
    code = outbox[-1]["subject"].split()[0]
    clock.advance(5 * 60 + 1)

    run = run_flow(
        FLOWS / "verify_email.json",
        context={"user": user},
        fields={"verification_code": code},
    )

    assert run.step("verify_code_x4Tq").output["result"] == "EXPIRED"
    assert run.output["message"].startswith("That is not the code")
