"""Runs while they go on: live progress, cancel, dry runs, replays, samples; and the other pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.console.conftest import Server


def step(id_: str, name: str, params: dict[str, Any], family: str = "FLOW") -> dict[str, Any]:
    return {"id": id_, "type": family, "action": name, "params": params}


def test_progress_is_live_and_a_waiting_run_can_be_cancelled(console: Page, server: Server) -> None:
    flow = server.api(
        "POST",
        "/api/v2/flows",
        {
            "name": "Slow",
            "actions": [
                step("first", "DO_NOTHING", {}),
                step("wait", "DELAY_FLOW", {"number": 1, "units": "DAYS"}),
                step("last", "DO_NOTHING", {}),
            ],
        },
    )
    page = console
    page.goto(f"{server.url}/flows/{flow['id']}")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Run", exact=True).click()

    run = page.get_by_role("region", name="This run")
    expect(run.get_by_text("Waiting until the delay is over")).to_be_visible()
    expect(page.locator(".step-card.run-completed")).to_contain_text("Do nothing")
    expect(page.locator(".step-card.run-delayed")).to_contain_text("Delay flow")
    run.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the execution").click()
    expect(run.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(page.locator(".step-card.run-skipped")).to_contain_text("Do nothing")


def test_what_is_left_of_a_batch_can_be_cancelled(console: Page, server: Server) -> None:
    flow = {"name": "Waits", "actions": [step("w", "DELAY_FLOW", {"number": 1, "units": "DAYS"})]}
    rows = [{"fields": {"n": number}} for number in range(3)]
    server.api("POST", "/sluiceway/v1/batches", {"id": "waiting", "flow": flow, "rows": rows})
    page = console
    page.goto(f"{server.url}/batches/waiting")
    batch = page.get_by_role("region", name="Batch waiting")
    expect(batch.get_by_text("0 of 3")).to_be_visible()
    batch.get_by_role("button", name="Cancel the rest").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the rest").click()
    expect(batch.get_by_role("link", name="Cancelled 3")).to_be_visible()
    expect(batch.get_by_role("button", name="Cancel the rest")).to_have_count(0)


def test_a_dry_run_sends_nothing_and_says_so(console: Page, server: Server) -> None:
    flow = server.api("GET", "/api/v2/flows")[0]
    page = console
    page.goto(f"{server.url}/flows/{flow['id']}")
    page.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog", name="Run the flow")
    expect(dialog.get_by_role("textbox", name="Fields")).to_contain_text("auth0|")
    dialog.get_by_role("button", name="Dry run").click()

    run = page.get_by_role("region", name="This run")
    expect(run.get_by_text("Dry run: nothing was called or sent")).to_be_visible()
    expect(page.locator(".step-card.run-completed")).to_have_count(2)
    # Nothing is in the outbox, and nothing leads there.
    expect(run.get_by_role("link", name="The message")).to_have_count(0)
    assert server.api("GET", "/sluiceway/v1/outbox")["messages"] == []
    assert server.api("GET", "/sluiceway/v1/executions")["executions"] == []


def test_replay_against_what_is_on_the_canvas(console: Page, server: Server) -> None:
    flow = server.api("GET", "/api/v2/flows")[0]
    ada = server.user_id("ada@example.com")
    done = server.api(
        "POST", f"/sluiceway/v1/flows/{flow['id']}/executions?wait=10", {"fields": {"user_id": ada}}
    )
    page = console
    page.goto(f"{server.url}/flows/{flow['id']}?execution={done['id']}&action=send_email_s2mp")
    run = page.get_by_role("region", name="This run")
    run.get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog", name="Replay against what is on the canvas")
    expect(dialog.get_by_text("It would go just the same.")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()

    page.get_by_role("textbox", name="To", exact=True).fill("team@example.com")
    run.get_by_role("button", name="Replay").click()

    expect(dialog.get_by_text("It would go otherwise.")).to_be_visible()
    expect(dialog.get_by_label("Then").first).to_have_text("ada@example.com")
    expect(dialog.get_by_label("Now").first).to_have_text("team@example.com")


def test_a_failed_run_goes_on_from_the_step_that_failed(console: Page, server: Server) -> None:
    flow = server.api(
        "POST",
        "/api/v2/flows",
        {
            "name": "Fails",
            "actions": [
                step("first", "STORE_VARS", {"vars": {"a": 1}}),
                step(
                    "mail",
                    "SEND_EMAIL",
                    {"to": "{{ vars.b }}", "subject": "x", "body": "y"},
                    "AUTH0",
                ),
            ],
        },
    )
    failed = server.api("POST", f"/sluiceway/v1/flows/{flow['id']}/executions?wait=10", {})
    page = console
    page.goto(f"{server.url}/executions/{failed['id']}")
    drawer = page.get_by_role("dialog", name="Fails")
    expect(drawer.get_by_role("alert").first).to_be_visible()

    drawer.get_by_role("button", name="Retry from failed step").click()

    expect(drawer.get_by_text("2 attempts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{server.url}/executions")


def test_pin_an_output_and_find_anything(console: Page, server: Server) -> None:
    flow = server.api("GET", "/api/v2/flows")[0]
    ada = server.user_id("ada@example.com")
    server.api(
        "POST", f"/sluiceway/v1/flows/{flow['id']}/executions?wait=10", {"fields": {"user_id": ada}}
    )
    page = console
    page.goto(f"{server.url}/vault")
    expect(page.get_by_role("heading", name="Vault", exact=True)).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("greet a us")
    found = page.get_by_role("option", name=re.compile("^Greet a user af_"))
    expect(found).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/flows/{flow['id']}")
    page.get_by_role("button", name="Get user Look the user up").click()
    panel = page.get_by_role("complementary")
    panel.get_by_role("tab", name="Last run").click()
    panel.get_by_role("button", name="Pin this output").click()

    expect(
        page.get_by_role("button", name="Get user Look the user up pinned output")
    ).to_be_visible()
    panel.get_by_role("tab", name="Form").click()
    panel.get_by_role("button", name="Unpin").click()
    expect(page.get_by_text("pinned output")).to_have_count(0)
    page.go_back()
    expect(page).to_have_url(f"{server.url}/vault")


def test_text_in_any_field_is_found_and_other_pages_are_searched(
    console: Page, server: Server
) -> None:
    flow = server.api("GET", "/api/v2/flows")[0]
    page = console
    page.goto(f"{server.url}/vault")
    expect(page.get_by_role("heading", name="Vault", exact=True)).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("body.email")
    page.get_by_role("option", name=re.compile("^Greet the user: .*Greet a user · to$")).click()
    expect(page).to_have_url(re.compile(f"/flows/{flow['id']}.action=send_email_s2mp"))
    expect(page.get_by_role("complementary")).to_be_visible()

    page.keyboard.press("Control+k")
    page.keyboard.type("grace")
    page.get_by_role("option", name="Users with “grace”").click()
    expect(page.get_by_role("row", name="Grace Hopper")).to_be_visible()
    expect(page.get_by_role("row", name="Ada Lovelace")).to_have_count(0)


def test_an_output_can_be_typed_and_a_preview_reads_it(console: Page, server: Server) -> None:
    flow = server.api("GET", "/api/v2/flows")[0]
    page = console
    page.goto(f"{server.url}/flows/{flow['id']}?action=get_user_s1mp&tab=run")
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="Type an output").click()
    typed = panel.get_by_role("textbox", name="Pinned output")
    expect(typed).to_contain_text('"status": 200')
    typed.fill('{"status": 200, "body": {"name": "Zoe", "email": "zoe@example.com"}}')

    page.get_by_role("button", name="Send email Greet the user").click()
    panel.get_by_label("Data of the preview").select_option(index=0)
    expect(panel.get_by_text("zoe@example.com")).to_be_visible()
    mail = page.frame_locator("iframe[title='Rendered email']")
    expect(mail.get_by_text("Hello Zoe")).to_be_visible()
    message = panel.get_by_role("textbox", name="Message")
    message.press("Control+End")
    page.keyboard.insert_text("<p>{{ user.shoe_size }}</p>")
    expect(panel.get_by_text("Without a value:")).to_contain_text("user.shoe_size")
    expect(message.get_by_title("Without a value in the preview")).to_have_text(
        "{{ user.shoe_size }}"
    )
    panel.get_by_role("radio", name="Desktop").click()
    # As wide as on a desk, shown whole in the panel.
    frame = panel.locator("iframe[title='Rendered email']")
    expect(frame).to_have_css("width", "760px")
    around = panel.get_by_role("group", name="Rendered email, to scroll").bounding_box()
    inside = frame.bounding_box()
    assert inside is not None
    assert around is not None
    assert inside["width"] <= around["width"]


def test_the_selected_card_is_in_sight_and_a_curl_command_fills_it(
    console: Page, server: Server
) -> None:
    steps = [step(f"s{number}", "DO_NOTHING", {}) for number in range(30)]
    request = step("call", "SEND_REQUEST", {"method": "GET", "url": "https://a.example"}, "HTTP")
    flow = server.api("POST", "/api/v2/flows", {"name": "Long", "actions": [*steps, request]})
    page = console

    page.goto(f"{server.url}/flows/{flow['id']}?action=call")

    expect(page.locator("[data-card=call]")).to_be_in_viewport()
    page.evaluate("() => navigator.clipboard.writeText('nothing of the kind')")
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="More for this step").click()
    page.get_by_role("menuitem", name="Paste a curl command").click()
    dialog = page.get_by_role("dialog", name="Paste a curl command")
    dialog.get_by_role("textbox", name="Command").fill("wget https://b.example")
    dialog.get_by_role("button", name="Fill in").click()
    expect(dialog.get_by_text("That is no curl command")).to_be_visible()
    dialog.get_by_role("textbox", name="Command").fill("curl -X PUT https://b.example/x -d a=1")
    dialog.get_by_role("button", name="Fill in").click()

    expect(panel.get_by_role("textbox", name="URL", exact=True)).to_have_text(
        "https://b.example/x"
    )
    expect(panel.get_by_label("Method")).to_have_value("PUT")


def test_a_connection_from_the_panel_and_the_vault(console: Page, server: Server) -> None:
    flow = server.api("GET", "/api/v2/flows")[0]
    page = console
    page.goto(f"{server.url}/flows/{flow['id']}?action=get_user_s1mp")
    page.get_by_role("button", name="Add a vault connection").click()
    dialog = page.get_by_role("dialog", name="Add a vault connection")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("Production")
    dialog.get_by_role("textbox", name="Domain", exact=True).fill("shop.eu.auth0.com")
    dialog.get_by_role("textbox", name="Client ID", exact=True).fill("made-up")
    dialog.get_by_label("Client secret", exact=False).fill("a-secret-that-must-not-show")
    dialog.get_by_role("button", name="Add connection").click()
    # Its own fields are labelled alike.
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Vault connection").locator("option:checked")).to_have_text(
        "Production"
    )
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()

    page.goto(f"{server.url}/vault")
    page.get_by_role("button", name="More for Production").click()
    page.get_by_role("menuitem", name="Where it is used").click()
    uses = page.get_by_role("dialog", name="Where Production is used")
    expect(uses.get_by_role("link", name="Greet a user")).to_be_visible()
    uses.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="More for Production").click()
    page.get_by_role("menuitem", name="Empty").click()
    page.get_by_role("dialog").get_by_role("button", name="Empty").click()
    expect(page.get_by_role("row", name="Production").get_by_text("no secrets yet")).to_be_visible()
    assert "a-secret-that-must-not-show" not in page.content()


def test_a_connection_left_empty_is_set_up_later_and_tried(console: Page, server: Server) -> None:
    page = console
    page.goto(f"{server.url}/vault")
    page.get_by_role("button", name="Add connection").first.click()
    dialog = page.get_by_role("dialog", name="Add a vault connection")
    dialog.get_by_label("App").select_option("TWILIO")
    # What it is set up with is told by the server.
    expect(dialog.get_by_role("textbox", name="Account SID")).to_be_visible()
    expect(dialog.get_by_label("Auth token")).to_have_attribute("type", "password")
    dialog.get_by_label("App").select_option("HTTP")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("Partner")
    dialog.get_by_role("radio", name="Leave it empty").check()
    dialog.get_by_role("button", name="Add connection").click()
    row = page.get_by_role("row", name="Partner")
    expect(row.get_by_text("no secrets yet")).to_be_visible()

    row.get_by_role("button", name="Set up").click()
    again = page.get_by_role("dialog", name="Set up Partner")
    again.get_by_label("Kind").select_option("OAUTH_CLIENT_CREDENTIALS")
    again.get_by_role("textbox", name="Client ID").fill("made-up")
    again.get_by_label("Client secret").fill("made-up-secret")
    again.get_by_role("textbox", name="Token endpoint").fill("https://127.0.0.1:1/token")
    again.get_by_role("button", name="Save").click()
    expect(row.get_by_text("ready", exact=True)).to_be_visible()
    row.get_by_role("button", name="Test").click()
    page.get_by_role("dialog", name="Partner does not work").get_by_role(
        "button", name="Close"
    ).last.click()

    page.get_by_role("button", name="Rotate the key").click()
    keys = page.get_by_role("dialog", name="Rotate the vault")
    keys.get_by_role("button", name="Rotate").click()
    expect(keys.get_by_text("Key version 2 is in use")).to_be_visible()
    expect(keys.get_by_text("retired")).to_be_visible()


def test_settings_tell_the_latest_changes_and_reset_the_tenant(
    console: Page, server: Server
) -> None:
    page = console
    flow = server.api("POST", "/api/v2/flows", {"name": "One", "actions": []})
    server.api("PATCH", f"/api/v2/flows/{flow['id']}", {"name": "Two"})
    page.goto(f"{server.url}/settings")
    page.get_by_role("link", name="Saved a flow").first.click()
    expect(page.get_by_role("heading", name="Two")).to_be_visible()

    page.goto(f"{server.url}/settings")
    page.get_by_role("button", name="Reset it").click()
    dialog = page.get_by_role("dialog", name="Reset the embedded tenant?")
    expect(dialog.get_by_role("button", name="Reset")).to_be_disabled()
    dialog.get_by_label("Type reset to go on").fill("reset")
    dialog.get_by_role("button", name="Reset").click()
    expect(page.get_by_text(re.compile("^Deleted .* objects"))).to_be_visible()
    assert server.api("GET", "/api/v2/users") == []
    page.get_by_role("button", name="Add sample data").click()
    expect(page.get_by_text(re.compile("^Added the sample users"))).to_be_visible()


def test_users_clients_and_a_batch(console: Page, server: Server) -> None:
    page = console
    page.goto(f"{server.url}/users")
    page.get_by_role("button", name="Add user").click()
    page.get_by_role("dialog").get_by_label("Email").fill("mary@example.com")
    page.get_by_role("dialog").get_by_role("button", name="Add user").click()
    drawer = page.get_by_role("dialog", name="mary@example.com")
    drawer.get_by_role("button", name="Edit").click()
    drawer.get_by_role("textbox", name="app_metadata").fill('{"plan": "gold"}')
    drawer.get_by_role("button", name="Save").click()
    expect(drawer.get_by_role("group", name="User")).to_contain_text("gold")

    page.goto(f"{server.url}/clients")
    page.get_by_role("button", name="New client").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Reports")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    secret = page.get_by_role("dialog", name="Reports: its secret").get_by_label("Client secret")
    expect(secret).not_to_be_empty()
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_role("row", name="Reports")).to_be_visible()

    page.goto(f"{server.url}/batches")
    page.get_by_role("button", name="New batch").first.click()
    dialog = page.get_by_role("dialog", name="New batch")
    rows = f'context.user.email,user_id\na@b.example,{server.user_id("ada@example.com")}\nc@d.example,"auth0|no,body"\n'
    dialog.locator("input[type=file]").set_input_files(
        {"name": "users.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    expect(dialog.get_by_text('"email": "a@b.example"')).to_be_visible()
    dialog.get_by_role("button", name="Run 2 rows").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    expect(page.get_by_role("link", name="Failed 1")).to_be_visible()
    page.get_by_role("link", name="Completed 1").click()
    expect(page.get_by_role("row", name="Greet a user")).to_have_count(1)
