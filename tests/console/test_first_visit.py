"""Somebody opens the console for the first time, or signs in to somebody else's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Running, Watch

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.console.conftest import Server


def test_from_the_first_visit_to_a_completed_run_in_under_a_minute(
    fresh: Page, server: Server
) -> None:
    began = time.monotonic()

    fresh.goto(server.url)
    tour = fresh.get_by_role("dialog", name="Welcome to Sluiceway")
    tour.get_by_role("button", name="Show me").click()
    fresh.get_by_role("dialog", name="This is a flow").get_by_role("button", name="Run it").click()
    drawer = fresh.get_by_role("region", name="This run")
    expect(drawer.get_by_text("Completed", exact=True)).to_be_visible()
    expect(fresh.get_by_role("dialog", name="It has run")).to_be_visible()
    took = time.monotonic() - began

    assert took < 60
    cards = fresh.get_by_role("region", name="The flow’s steps")
    expect(
        cards.get_by_role("button", name="Get user Look the user up 200 completed")
    ).to_be_visible()
    fresh.get_by_role("button", name="And the email?").click()
    expect(fresh.get_by_role("link", name="ada@example.com")).to_be_visible()
    mail = fresh.frame_locator("iframe[title='Rendered email']")
    expect(mail.get_by_text("Hello Ada Lovelace, welcome to")).to_be_visible()
    fresh.get_by_role("button", name="Done").click()
    fresh.reload()
    expect(fresh.get_by_role("dialog")).to_have_count(0)


def test_the_page_and_its_files_are_served_safely(server: Server) -> None:
    with urlopen(server.url + "/flows/anything") as page:
        policy = page.headers["content-security-policy"]
        text = page.read().decode()
        assert page.headers["cache-control"] == "no-store"
    with urlopen(server.url + "/") as again:
        assert again.headers["content-security-policy"] != policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert f'nonce="{nonce}"' in text
    script = text.partition('src="/assets/')[2].partition('"')[0]
    with urlopen(f"{server.url}/assets/{script}") as file:
        assert "immutable" in file.headers["cache-control"]
        assert file.headers["etag"]
        assert file.headers["content-type"].startswith("text/javascript")


NOTHING = {"id": "a", "type": "FLOW", "action": "DO_NOTHING", "params": {}}


@pytest.fixture
def production(tmp_path: Path) -> object:
    with Running(tmp_path, "serve") as running:
        yield running


def test_signing_in_with_a_clients_id_and_secret(context: object, production: Server) -> None:
    watch = Watch(home=production.url)
    watch.attach(context)
    watch.allow("answered 401: .*/sluiceway/v1/session$")
    watch.allow("console error: Failed to load resource.*401")
    page = context.new_page()
    page.goto(f"{production.url}/vault")
    page.get_by_label("Client id").fill(production.client_id)
    page.get_by_label("Client secret").fill("not the secret")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()

    page.get_by_label("Client secret").fill(production.client_secret)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Vault", exact=True)).to_be_visible()
    cookies = {one["name"]: one for one in context.cookies()}
    assert cookies["sluiceway_session"]["httpOnly"]
    assert cookies["sluiceway_session"]["sameSite"] == "Strict"
    page.get_by_role("button", name="Help and session").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert watch.remaining() == []


def test_signing_in_again_loses_no_work(context: object, production: Server) -> None:
    watch = Watch(home=production.url)
    watch.attach(context)
    watch.allow("answered 401: ")
    watch.allow("console error: Failed to load resource.*401")
    flow = production.api("POST", "/api/v2/flows", {"name": "Kept", "actions": [NOTHING]})
    page = context.new_page()
    page.goto(f"{production.url}/flows/{flow['id']}?action=a")

    def sign_in() -> None:
        page.get_by_label("Client id").fill(production.client_id)
        page.get_by_label("Client secret").fill(production.client_secret)
        page.get_by_role("button", name="Sign in").click()

    sign_in()
    expect(page.get_by_label("Alias")).to_be_visible()
    context.clear_cookies()
    # Each edit is checked by the server, which now knows nobody.
    page.get_by_label("Alias").fill("Not saved yet")

    again = page.get_by_role("dialog", name="Sign in again")
    expect(again.get_by_text("Nothing on this page is lost")).to_be_visible()
    sign_in()
    expect(again).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog", name="Save as a new version").get_by_role(
        "button", name="Save"
    ).click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    kept = production.api("GET", f"/api/v2/flows/{flow['id']}")
    assert kept["actions"][0]["alias"] == "Not saved yet"
    assert watch.remaining() == []
