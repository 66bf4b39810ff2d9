"""TWILIO/MAKE_CALL: the request that Twilio's own client makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from twilio.rest import Client

from sluiceway.errors import InvalidActionParams
from tests.actions.twilio.official import official_request

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "TWILIO/MAKE_CALL"
SETUP = {"type": "API_KEY", "account_id": "AC0123456789", "api_key": "t0ken"}
BASE = {"from": "+12025550100", "to": "+12025550123", "payload": "<Response/>"}


def test_it_sends_what_twilios_own_client_sends(bench: Workbench) -> None:
    twiml = "<Response><Say>Ada &amp; ü</Say></Response>"
    bench.services.answer("api.twilio.com", (201, {"sid": "CA1"}))
    output = bench.run(
        NAME, {"connection_id": bench.connect("TWILIO", SETUP), **BASE, "payload": twiml}
    )

    def call(client: Client) -> None:
        client.calls.create(to="+12025550123", from_="+12025550100", twiml=twiml)

    got = bench.services.last
    assert (got.method, got.host, got.path, got.form, got.headers["authorization"]) == (
        official_request(call)
    )
    assert (output["status"], output["body"]) == (201, {"sid": "CA1"})


@pytest.mark.parametrize("params", [{"payload": "x" * 4097}, {"payload": None}, {"twiml": "x"}])
def test_the_limits_are_auth0s(bench: Workbench, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"connection_id": "c", **BASE, **params})
