"""What deploy-cli reads of a whole tenant, and writes back, beyond what flows need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Door


def test_there_are_no_actions(door: Door) -> None:
    listed = door("GET", "/api/v2/actions/actions", query={"page": 0, "per_page": 100})

    assert listed.body == {"actions": [], "per_page": 100}


@pytest.mark.parametrize(
    ("path", "query", "body"),
    [
        ("rules", {"include_totals": "true"}, {"limit": 50, "start": 0, "total": 0, "rules": []}),
        ("rules", {}, []),
        ("forms", {"include_totals": "true"}, {"limit": 50, "start": 0, "total": 0, "forms": []}),
        ("rules-configs", {}, []),
        ("custom-domains", {}, []),
        ("log-streams", {}, []),
        ("connection-profiles", {"take": 10}, {"connection_profiles": []}),
        ("event-streams", {"take": 50}, {"eventStreams": []}),
        ("actions/triggers", {}, {"triggers": []}),
    ],
)
def test_what_the_tenant_never_has_is_an_empty_list(
    door: Door, path: str, query: dict[str, object], body: object
) -> None:
    answer = door("GET", f"/api/v2/{path}", query=query)

    assert (answer.status, answer.body) == (200, body)
    assert door("POST", f"/api/v2/{path}", {"name": "x"}).status == 404


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("attack-protection/brute-force-protection", {"max_attempts": 5}),
        ("branding", {"colors": {"primary": "#ff4400"}}),
        ("prompts", {"identifier_first": False}),
        ("risk-assessments/settings", {"enabled": True}),
        ("risk-assessments/settings/new-device", {"remember_for": 7}),
    ],
)
def test_settings_of_sign_in_are_kept_and_given_back(
    door: Door, path: str, changes: dict[str, object]
) -> None:
    before = door("GET", f"/api/v2/{path}").body

    changed = door("PATCH", f"/api/v2/{path}", changes)

    assert changed.body == {**before, **changes}
    assert door("GET", f"/api/v2/{path}").body == changed.body


def test_texts_of_prompts_are_kept_by_prompt_and_language(door: Door) -> None:
    path = "/api/v2/prompts/login/custom-text"
    assert door("GET", f"{path}/en").body == {}
    door("PUT", f"{path}/en", {"login": {"title": "Hi", "old": None}})

    door("PUT", f"{path}/en", {"login": {"title": "Hello"}})

    assert door("GET", f"{path}/en").body == {"login": {"title": "Hello"}}
    assert door("GET", f"{path}/de").body == {}
    assert door("GET", "/api/v2/prompts/signup/custom-text/en").body == {}


def test_policies_of_second_factors_are_a_list(door: Door) -> None:
    assert door("GET", "/api/v2/guardian/policies").body == []

    assert door("PUT", "/api/v2/guardian/policies", ["all-applications"]).status == 200

    assert door("GET", "/api/v2/guardian/policies").body == ["all-applications"]
    assert door("PUT", "/api/v2/guardian/policies", {"policies": []}).status == 400


def test_the_client_for_all_applications_shows_to_those_who_ask_for_it(door: Door) -> None:
    everyday = door("GET", "/api/v2/clients").body
    assert all(not client["global"] for client in everyday)

    (client,) = door("GET", "/api/v2/clients", query={"is_global": "true"}).body

    assert client["name"] == "All Applications"
    path = f"/api/v2/clients/{client['client_id']}"
    page = {"custom_login_page": "<html>Sign in</html>", "custom_login_page_on": True}
    assert door("PATCH", path, page).body == {**client, **page}
    assert door("GET", path).body == {**client, **page}
    assert door("PATCH", path, {}).status == 400
    assert door("GET", "/api/v2/clients").body == everyday
