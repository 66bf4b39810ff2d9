"""Import, edit, save, compare, go back; debug a run that failed; deliver to a real mail server."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.console.conftest import Server, Watch

EXPORT: dict[str, Any] = {
    "version": "4.0.0",
    "form": None,
    "flows": {
        "#FLOW-1#": {
            "name": "Check the plan",
            "actions": [
                {
                    "id": "look_up",
                    "alias": "Who is it?",
                    "type": "AUTH0",
                    "action": "GET_USER",
                    "allow_failure": False,
                    "mask_output": False,
                    "params": {"connection_id": "#CONN-1#", "user_id": "{{fields.user_id}}"},
                },
                {
                    "id": "tell",
                    "type": "FLOW",
                    "action": "RETURN_JSON",
                    "allow_failure": False,
                    "mask_output": False,
                    "params": {"payload": {"email": "{{actions.look_up.body.email}}"}},
                },
            ],
        }
    },
    "connections": {"#CONN-1#": {"id": "ac_elsewhere", "app_id": "AUTH0", "name": "Production"}},
}


def test_import_edit_save_compare_and_go_back(console: Page, server: Server) -> None:
    page = console
    page.goto(server.url)
    page.get_by_role("button", name="Import").click()
    page.get_by_role("dialog").locator("input[type=file]").first.set_input_files(
        {
            "name": "export.json",
            "mimeType": "application/json",
            "buffer": json.dumps(EXPORT).encode(),
        }
    )
    dialog = page.get_by_role("dialog", name="Import Check the plan")
    dialog.get_by_label("Connection for Production").select_option("local")
    expect(dialog.get_by_label("Vault connections").get_by_text("as it is")).to_be_visible()
    dialog.get_by_role("button", name="Import", exact=True).click()

    page.get_by_role("button", name="Return JSON", exact=True).click()
    panel = page.get_by_role("complementary")
    panel.get_by_label("Alias").fill("Answer")
    panel.get_by_role("textbox", name="Payload").fill(
        '{"email": {{ actions.look_up.body.email }}, "ok": true}'
    )
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    save = page.get_by_role("dialog", name="Save as a new version")
    expect(save.get_by_text("1 step changed")).to_be_visible()
    save.get_by_label("What changed, and why").fill("Say that it is fine")
    save.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()

    page.get_by_role("button", name="Versions").first.click()
    versions = page.get_by_role("dialog", name="Versions")
    expect(versions.get_by_text("Say that it is fine")).to_be_visible()
    versions.get_by_role("button", name=re.compile("^Version 1")).click()
    expect(versions.get_by_text("payload › ok")).to_be_visible()
    expect(versions.get_by_label("After").filter(has_text="true")).to_be_visible()
    versions.get_by_role("button", name="Go back to version 1").click()
    page.get_by_role("dialog", name="Go back to version 1?").get_by_role(
        "button", name="Go back"
    ).click()

    expect(page.get_by_role("button", name="Return JSON", exact=True)).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    flow = next(
        one for one in server.api("GET", "/api/v2/flows") if one["name"] == "Check the plan"
    )
    kept = server.api("GET", f"/api/v2/flows/{flow['id']}")
    assert kept["actions"][0]["params"]["connection_id"] == "local"
    assert kept["actions"][1]["params"] == {"payload": {"email": "{{actions.look_up.body.email}}"}}
    page.get_by_role("button", name="More for this flow").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export").click()
    exported = json.loads(download.value.path().read_text())
    assert exported["flows"]["#FLOW-1#"]["actions"][0]["params"]["connection_id"] == "#CONN-1#"


def test_what_somebody_else_saved_is_neither_missed_nor_written_over_unseen(
    console: Page, server: Server
) -> None:
    page = console
    page.goto(server.url)
    page.get_by_role("link", name="Greet a user").click()
    alias = page.get_by_label("Alias")
    page.get_by_role("button", name="Get user Look the user up").click()
    flow = server.api("GET", "/api/v2/flows")[0]
    path = f"/api/v2/flows/{flow['id']}"
    name_field, undo = "Renamed elsewhere", page.get_by_role("button", name="Undo (Ctrl+Z)")

    # Nothing unsaved here: what others save is shown.
    server.api("PATCH", path, {"name": name_field})
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.get_by_role("heading", name=name_field)).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()

    # Unsaved work here: saving shows what it would write over.
    alias.fill("Mine")
    server.api("PATCH", path, {"name": "Theirs"})
    page.get_by_role("button", name="Save", exact=True).click()
    save = page.get_by_role("dialog", name="Save as a new version")
    save.get_by_role("button", name="Save", exact=True).click()
    expect(save.get_by_role("alert")).to_contain_text("saved elsewhere")
    assert server.api("GET", path)["name"] == "Theirs"
    save.get_by_role("button", name="Take theirs").click()
    expect(page.get_by_role("heading", name="Theirs")).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()

    # What was put aside comes back, and may be saved over theirs.
    undo.click()
    expect(alias).to_have_value("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    save.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    kept = server.api("GET", path)
    assert (kept["name"], kept["actions"][0]["alias"]) == (name_field, "Mine")


def test_a_tenant_in_yaml_is_imported_with_the_files_that_it_names(
    console: Page, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "tenant" / "flows").mkdir(parents=True)
    (tmp_path / "tenant" / "tenant.yaml").write_text(
        "flows:\n  - name: From YAML\n    body: ./flows/one.json\n"
        "flowVaultConnections:\n  - {name: Production, app_id: AUTH0}\n"
    )
    actions = json.loads(
        json.dumps(EXPORT["flows"]["#FLOW-1#"]["actions"]).replace("#CONN-1#", "Production")
    )
    (tmp_path / "tenant" / "flows" / "one.json").write_text(json.dumps({"actions": actions}))
    page = console
    page.goto(server.url)
    page.get_by_role("button", name="Import").click()
    page.locator("input[type=file][webkitdirectory]").set_input_files(tmp_path / "tenant")
    review = page.get_by_role("dialog", name="Import From YAML")
    review.get_by_role("button", name="Import", exact=True).click()

    expect(page.get_by_role("heading", name="From YAML")).to_be_visible()
    expect(page.locator("[data-card]")).to_have_count(2)


def test_a_folder_is_reviewed_imported_with_its_connections_and_downloaded_again(
    console: Page, server: Server, tmp_path: Path
) -> None:
    flow = {"name": "Check the plan", "actions": EXPORT["flows"]["#FLOW-1#"]["actions"]}
    flow = json.loads(json.dumps(flow).replace("#CONN-1#", "Production"))
    files = {
        "flows/Check the plan.json": flow,
        "flow-vault-connections/Production.json": {"name": "Production", "app_id": "AUTH0"},
        "forms/Plan.json": {"name": "Plan", "flow": "Check the plan"},
        "tenant.json": {"friendly_name": "Shop"},
    }
    for path, document in files.items():
        target = tmp_path / "tenant" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(document))
    page = console
    page.goto(server.url)
    page.get_by_role("button", name="Import").click()
    page.locator("input[type=file][webkitdirectory]").set_input_files(tmp_path / "tenant")
    review = page.get_by_role("dialog", name="Import Check the plan")
    expect(review.get_by_label("Flows", exact=True).get_by_text("new", exact=True)).to_be_visible()
    expect(review.get_by_text("A new connection is made empty")).to_be_visible()
    expect(review.get_by_text("Kept beside the flows")).to_contain_text("Plan")
    review.get_by_role("button", name="Import", exact=True).click()

    expect(page.get_by_role("heading", name="Check the plan")).to_be_visible()
    made = server.api("GET", "/api/v2/flows/vault/connections")
    assert [(one["name"], one["ready"]) for one in made] == [("Production", False)]
    page.get_by_role("button", name="More for this flow").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download as a folder").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [
            "flow-vault-connections/Production.json",
            "flows/Check the plan.json",
            "forms/Plan.json",
        ]
        assert json.loads(archive.read("flows/Check the plan.json")) == flow

    # The same folder again: a change is a new version, nothing else is touched.
    flow["actions"][0]["alias"] = "Who?"
    (tmp_path / "tenant/flows/Check the plan.json").write_text(json.dumps(flow))
    page.goto(server.url)
    page.get_by_role("button", name="Import").click()
    page.locator("input[type=file][webkitdirectory]").set_input_files(tmp_path / "tenant")
    expect(review.get_by_text("changed", exact=True)).to_be_visible()
    expect(review.get_by_text('look_up: alias: "Who is it?" → "Who?"')).to_be_visible()
    review.get_by_label("Add them as new flows").check()
    expect(review.get_by_text("changed", exact=True)).to_have_count(0)
    review.get_by_label("Add them as new flows").uncheck()
    review.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("button", name="Get user Who?")).to_be_visible()
    page.goto(server.url)
    page.get_by_role("button", name="More for Check the plan").click()
    page.get_by_role("menuitem", name="Delete").click()
    uses = page.get_by_role("dialog", name="Delete Check the plan?").get_by_role("list")
    expect(uses).to_contain_text("Imported together with the form Plan.")
    expect(uses).to_contain_text("It has never run.")


def test_a_change_is_shown_by_meaning_and_as_json_before_it_is_saved(
    console: Page, server: Server
) -> None:
    page = console
    flow = server.api("GET", "/api/v2/flows")[0]
    page.goto(f"{server.url}/flows/{flow['id']}?action=get_user_s1mp")
    panel = page.get_by_role("complementary")
    panel.get_by_role("textbox", name="ID", exact=True).fill("who")
    panel.get_by_label("Alias").focus()
    look_up = page.get_by_role("button", name="Get user Look the user up")
    expect(look_up).to_have_attribute("title", "New since the last save")
    page.get_by_role("button", name="Send email Greet the user").click()
    panel.get_by_role("textbox", name="Subject").fill("Good morning")
    greet = page.get_by_role("button", name="Send email Greet the user")
    expect(greet).to_have_attribute("title", "Changed since the last save")

    page.get_by_role("button", name="Save", exact=True).click()
    save = page.get_by_role("dialog", name="Save as a new version")

    # The server knows that a step with another id is the same step; its references are no change.
    expect(save.get_by_text("2 steps changed")).to_be_visible()
    expect(save.get_by_text("renamed", exact=True)).to_be_visible()
    expect(save.get_by_text("was get_user_s1mp; references to it follow")).to_be_visible()
    expect(save.get_by_label("After")).to_have_text("Good morning")
    save.get_by_role("radio", name="As JSON").click()
    sides = save.get_by_role("group", name="Both as JSON")
    expect(sides.get_by_text('after: "id": "who"')).to_be_visible()
    folded = sides.get_by_role("button", name="equal lines").first
    folded.click()
    save.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert greet.get_attribute("title") is None


def test_a_step_and_a_tab_of_a_run_have_an_address(console: Page, server: Server) -> None:
    page = console
    flow = server.api("GET", "/api/v2/flows")[0]
    run = server.api(
        "POST",
        f"/sluiceway/v1/flows/{flow['id']}/executions?wait=10",
        {"fields": {"user_id": server.user_id("ada@example.com")}},
    )

    page.goto(
        f"{server.url}/flows/{flow['id']}?execution={run['id']}&step=get_user_s1mp&pane=input"
    )

    drawer = page.get_by_role("region", name="This run")
    expect(drawer.get_by_role("group", name="Input")).to_contain_text("auth0|")
    drawer.get_by_role("tab", name="Times").click()
    expect(page).to_have_url(re.compile(r"step=get_user_s1mp.*pane=timing"))
    page.reload()
    expect(drawer.get_by_text("Attempts")).to_be_visible()


def test_debug_a_failed_run_and_mend_it(console: Page, server: Server) -> None:
    ada = server.user_id("ada@example.com")
    flow = server.api(
        "POST",
        "/api/v2/flows",
        {
            "name": "Broken",
            "actions": [
                action(
                    "look_up",
                    "GET_USER",
                    {"connection_id": "local", "user_id": "{{ fields.user_id }}"},
                ),
                action(
                    "mail",
                    "SEND_EMAIL",
                    {
                        "to": "{{ actions.look_up.body.emial }}",
                        "subject": "Hi",
                        "body": "<p>Hi</p>",
                    },
                ),
            ],
        },
    )
    failed = server.api(
        "POST",
        f"/sluiceway/v1/flows/{flow['id']}/executions?wait=10",
        {"fields": {"user_id": ada}},
    )
    assert failed["status"] == "FAILED"
    page = console

    page.goto(f"{server.url}/executions?status=FAILED")
    page.get_by_role("row", name="Broken").get_by_role("link").click()
    drawer = page.get_by_role("dialog", name="Broken")
    # What is wrong, what it came from, and the way to mend it.
    expect(drawer.get_by_role("alert").get_by_role("listitem")).to_have_text(
        "to must be string, and came out as null from {{ actions.look_up.body.emial }}"
    )
    expect(drawer.get_by_role("link", name="Mend this step")).to_be_visible()
    drawer.get_by_role("link", name="Show on the canvas").click()
    mail = page.locator(".step-card.run-failed")
    expect(mail).to_contain_text("Send email")
    expect(page.locator(".step-card.run-completed")).to_contain_text("Get user")
    mail.locator("[data-card]").click()
    to = page.get_by_role("complementary").get_by_role("textbox", name="To", exact=True)
    to.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type("{{actions.look_up.body.", delay=20)
    email = page.get_by_role("option", name="email ada@example.com")
    expect(email).to_be_visible()
    page.keyboard.type("em")
    page.wait_for_timeout(200)
    page.keyboard.press("Enter")
    expect(to).to_have_text("{{actions.look_up.body.email}}")

    page.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog", name="Run the flow")
    dialog.get_by_label("Input", exact=True).select_option(f"run:{failed['id']}")
    expect(dialog.get_by_role("textbox", name="Fields")).to_contain_text(ada)
    dialog.get_by_role("button", name="Run", exact=True).click()

    expect(page.locator(".step-card.run-completed")).to_have_count(2)
    run = page.get_by_role("region", name="This run")
    expect(run.get_by_text("Completed", exact=True)).to_be_visible()
    run.get_by_role("button", name="look_up").click()
    run.get_by_role("button", name="Copy as curl").click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith(f"curl -X GET '{server.url}/api/v2/users/auth0%7C")
    assert "$TOKEN" in copied


def test_run_one_step_and_from_there_with_earlier_outputs(console: Page, server: Server) -> None:
    flow = server.api("GET", "/api/v2/flows")[0]
    ada = server.user_id("ada@example.com")
    server.api(
        "POST", f"/sluiceway/v1/flows/{flow['id']}/executions?wait=10", {"fields": {"user_id": ada}}
    )
    page = console
    page.goto(f"{server.url}/flows/{flow['id']}")
    page.get_by_role("button", name="More for Greet the user").click()
    page.get_by_role("menuitem", name="Run only this step").click()
    dialog = page.get_by_role("dialog", name="Run only Greet the user")
    dialog.get_by_role("button", name="Run", exact=True).click()

    run = page.get_by_role("region", name="This run")
    expect(run.get_by_text("Completed", exact=True)).to_be_visible()
    run.get_by_role("tab", name="Input").click()
    expect(run.get_by_role("group", name="Input")).to_contain_text("ada@example.com")
    expect(page.locator(".run-skipped")).to_contain_text("Get user")


def action(id_: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": id_,
        "type": "AUTH0",
        "action": name,
        "allow_failure": False,
        "mask_output": False,
        "params": params,
    }


class Postbox:
    """A real SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.came = threading.Event()

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.mails.append(envelope)
        self.came.set()
        return "250 OK"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    loop = asyncio.new_event_loop()
    listener = socket.create_server(("127.0.0.1", 0))

    async def serve() -> None:
        made: list[SMTP] = []

        def protocol() -> SMTP:
            made.append(SMTP(box, loop=loop))
            return made[-1]

        async with await loop.create_server(protocol, sock=listener):
            await stop.wait()
            for one in made:
                if one.transport is not None:
                    one.transport.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    stop = asyncio.Event()
    # Playwright has a loop of its own in this thread.
    thread = threading.Thread(target=loop.run_until_complete, args=[serve()], daemon=True)
    thread.start()
    try:
        yield box, listener.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


def test_set_up_smtp_and_send_a_test(
    console: Page, server: Server, postbox: tuple[Postbox, int], watch: Watch
) -> None:
    box, port = postbox
    page = console
    page.goto(f"{server.url}/providers")
    email = page.get_by_role("region", name="Email")
    expect(email.get_by_text("capture", exact=True)).to_be_visible()
    email.get_by_role("button", name="Set up a provider").click()
    dialog = page.get_by_role("dialog", name="Email provider")
    dialog.get_by_label("Provider").select_option("smtp")
    dialog.get_by_label("Default sender").fill("Harbour Coffee <hello@harbour.example>")
    dialog.get_by_label("SMTP host").fill("127.0.0.1")
    dialog.get_by_label("SMTP port").fill(str(port))
    dialog.get_by_role("button", name="Save").click()
    expect(email.get_by_text("in use", exact=True)).to_be_visible()

    email.get_by_role("button", name="Send a test").click()
    trial = page.get_by_role("dialog", name="Send a test message")
    trial.get_by_label("Address").fill("ada@example.com")
    trial.get_by_role("button", name="Send").click()

    expect(trial.get_by_text("Taken by smtp")).to_be_visible()
    assert box.came.wait(10)
    assert box.mails[0].rcpt_tos == ["ada@example.com"]
    assert box.mails[0].mail_from == "hello@harbour.example"
