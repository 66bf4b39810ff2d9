"""Build the flow of all seven AUTH0 actions from nothing: by mouse, and by keyboard alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.console.conftest import Server

PASSWORD = "correct-Horse-7-battery"
BODY = '{"connection": "Username-Password-Authentication", "email": {{ fields.email }}, '
BODY += '"password": {{ fields.password }}, "given_name": "Ida"}'


def add(page: Page, name: str, title: str) -> Locator:
    """Add a step at the ``+`` of that name; return its panel."""
    page.get_by_role("button", name=name).click()
    page.get_by_role("combobox", name="Search actions").fill(title)
    page.get_by_role(
        "option", name=re.compile(f"^{title.replace(chr(47), chr(46))} ")
    ).first.click()
    panel = page.get_by_role("complementary", name=title)
    expect(panel).to_be_visible()
    return panel


def write(panel: Locator, label: str, text: str) -> None:
    panel.get_by_role("textbox", name=label, exact=True).fill(text)


def identify(panel: Locator, id_: str) -> None:
    field = panel.get_by_role("textbox", name="ID", exact=True)
    field.fill(id_)
    field.press("Enter")


def last_add(page: Page) -> str:
    """The name of the ``+`` at the end of the flow."""
    names = page.locator(".canvas > .sheet > .steps > .join > .add").all()
    return names[-1].get_attribute("aria-label") or ""


def test_build_and_run_the_seven_actions_by_mouse(  # noqa: PLR0915 - one sitting, told in full
    console: Page, server: Server
) -> None:
    page = console
    page.goto(server.url)
    page.get_by_role("button", name="New flow").click()
    page.get_by_label("Name").fill("All seven")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Add the first step").click()
    page.get_by_role("option", name=re.compile("^Create user ")).click()
    panel = page.get_by_role("complementary", name="Create user")
    identify(panel, "create")
    panel = page.get_by_role("complementary", name="Create user: create")
    write(panel, "Body", BODY)

    panel = add(page, last_add(page), "If/Then condition")
    identify(panel, "is_new")
    panel.get_by_role("textbox", name="Left side").click()
    page.keyboard.type("{{actions.create.st", delay=15)
    expect(page.get_by_role("option", name="status")).to_be_visible()
    page.wait_for_timeout(120)
    page.keyboard.press("Enter")
    expect(panel.get_by_role("textbox", name="Left side")).to_have_text("{{actions.create.status}}")
    panel.get_by_role("textbox", name="Right side").fill("201")

    panel = add(page, "Add a step at the start of true of is_new", "Get user")
    identify(panel, "read")
    write(panel, "User ID", "{{ actions.create.body.user_id }}")
    panel = add(page, "Add a step after read", "Update user")
    identify(panel, "note")
    write(panel, "User ID", "{{ actions.read.body.user_id }}")
    panel.get_by_role("textbox", name=re.compile("Body|Changes")).fill(
        '{"app_metadata": {"welcomed": true}}'
    )
    panel = add(page, "Add a step after note", "Custom API request")
    identify(panel, "roles")
    write(
        panel,
        "Path",
        "/api/v2/users/{{ functions.encodeURIComponent(actions.read.body.user_id) }}/roles",
    )
    panel = add(page, "Add a step after roles", "Send email")
    identify(panel, "mail")
    write(panel, "To", "{{ actions.read.body.email }}")
    panel.get_by_role("button", name="Add item").click()
    panel.get_by_label("Custom variables: name 1").fill("name")
    panel.get_by_role("textbox", name="Custom variables: value of name").fill(
        "{{ actions.read.body.given_name }}"
    )
    write(panel, "Subject", "Welcome {{ custom_vars.name }}")
    write(panel, "Message", "<h1>Hello {{ custom_vars.name | escape }}</h1>")
    expect(
        page.frame_locator("iframe[title='Rendered email']").get_by_role("heading", name="Hello")
    ).to_be_visible()
    panel = add(page, "Add a step after mail", "Send SMS")
    write(panel, "To", "{{ fields.phone }}")
    write(panel, "Message", "Welcome!")
    expect(panel.get_by_text("8 characters in GSM-7 · 1 message")).to_be_visible()
    panel = add(page, "Add a step at the start of false of is_new", "Make call")
    write(panel, "To", "{{ fields.phone }}")
    write(panel, "Message", "Hello again.")
    expect(page.locator(".problem-button")).to_have_count(0)

    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("What changed, and why").fill("Everything")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("dialog").get_by_role("textbox", name="Fields").fill(
        f'{{"email": "ida@example.com", "password": "{PASSWORD}", "phone": "+12025550123"}}'
    )
    page.get_by_role("dialog").get_by_role("button", name="Run", exact=True).click()

    drawer = page.get_by_role("region", name="This run")
    expect(drawer.get_by_text("Completed", exact=True)).to_be_visible()
    expect(page.locator(".run-completed")).to_have_count(7)
    expect(page.locator(".run-skipped")).to_have_count(1)
    assert server.api("GET", "/api/v2/users-by-email?email=ida@example.com")[0]["app_metadata"] == {
        "welcomed": True
    }
    drawer.get_by_role("button", name="Execution data").click()
    drawer.get_by_role("tab", name="Input").click()
    expect(drawer.get_by_text("masked").first).to_be_visible()
    assert PASSWORD not in page.content()


def test_drag_copy_undo_and_the_json_side(console: Page, server: Server) -> None:
    page = console
    flow = server.api("GET", "/api/v2/flows")[0]
    page.goto(f"{server.url}/flows/{flow['id']}")
    cards = page.locator(".canvas [data-card]")
    expect(cards).to_have_count(2)

    page.locator(".step-card").nth(1).drag_to(page.locator(".canvas .add").first)
    expect(cards.first).to_contain_text("Send email")
    expect(page.get_by_role("button", name="2 problems", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(cards.first).to_contain_text("Get user")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()

    cards.first.focus()
    page.keyboard.press("Control+c")
    cards.nth(1).focus()
    page.keyboard.press("Control+v")
    expect(cards).to_have_count(3)
    panel = page.get_by_role("complementary")
    panel.get_by_role("tab", name="JSON").click()
    text = panel.get_by_role("textbox", name="This step as JSON")
    expect(text).to_contain_text('"GET_USER"')
    panel.get_by_role("tab", name="Form").click()
    panel.get_by_label("Alias").fill("A second look")
    expect(cards.nth(2)).to_contain_text("A second look")
    page.locator(".canvas").click(position={"x": 30, "y": 400})
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(cards).to_have_count(2)


def type_field(page: Page, label: str, text: str) -> None:
    """Tab on until the field of that name has the focus, and type."""
    for _ in range(40):
        name = page.evaluate(
            "() => { const e = document.activeElement; return e.getAttribute('aria-label')"
            " || (e.labels && e.labels[0] && e.labels[0].textContent) || '' }"
        )
        if name.rstrip(" *") == label:
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError(f"Tab never came to {label}")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def add_by_keyboard(page: Page, words: str) -> None:
    """Press A on the focused card, search, take the first."""
    page.keyboard.press("a")
    expect(page.get_by_role("combobox", name="Search actions")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary")).to_be_visible()
    page.wait_for_timeout(250)


def back_to_card(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_have_count(0)


def test_build_and_run_by_keyboard_alone(  # noqa: PLR0915 - one sitting, told in full
    console: Page, server: Server
) -> None:
    page = console
    page.goto(f"{server.url}/flows?new=1")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("By hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add the first step")).to_be_visible()
    for _ in range(40):
        if page.evaluate("() => document.activeElement.matches('.empty-flow button')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("create user")
    page.keyboard.press("Enter")
    # The first field to fill in has the focus by itself.
    expect(page.get_by_role("textbox", name="Body")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(BODY)
    back_to_card(page)
    add_by_keyboard(page, "get user")
    created = page.locator("[data-card]").first.get_attribute("data-card")
    type_field(page, "User ID", f"{{{{ actions.{created}.body.user_id }}}}")
    back_to_card(page)
    add_by_keyboard(page, "update")
    type_field(page, "User ID", f"{{{{ actions.{created}.body.user_id }}}}")
    type_field(page, "Body", '{"user_metadata": {"plan": "gold"}}')
    back_to_card(page)
    add_by_keyboard(page, "custom api")
    type_field(page, "Path", "/api/v2/users")
    back_to_card(page)
    add_by_keyboard(page, "send email")
    type_field(page, "To", "{{ fields.email }}")
    type_field(page, "Subject", "Hello")
    type_field(page, "Message", "<p>Hello</p>")
    back_to_card(page)
    add_by_keyboard(page, "send sms")
    type_field(page, "To", "{{ fields.phone }}")
    type_field(page, "Message", "Hello")
    back_to_card(page)
    add_by_keyboard(page, "make call")
    type_field(page, "To", "{{ fields.phone }}")
    type_field(page, "Message", "Hello")
    back_to_card(page)

    page.keyboard.press("Alt+ArrowUp")
    cards = page.locator("[data-card]")
    expect(cards.nth(5)).to_contain_text("Make call")
    expect(cards.nth(5)).to_be_focused()
    page.keyboard.press("Control+z")
    expect(cards.nth(6)).to_contain_text("Make call")
    page.keyboard.press("Control+s")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Run the flow")
    expect(dialog).to_be_visible()
    type_field(
        page,
        "Fields",
        f'{{"email": "kay@example.com", "password": "{PASSWORD}", "phone": "+12025550123"}}',
    )
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent") == "Run":
            break
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("region", name="This run").get_by_text("Completed", exact=True)
    ).to_be_visible()
    expect(page.locator(".run-completed")).to_have_count(7)


def test_tab_order_is_the_order_of_execution(console: Page, server: Server) -> None:
    flow = server.api(
        "POST",
        "/api/v2/flows",
        {
            "name": "Forked",
            "actions": [
                nothing("a"),
                {
                    "id": "fork",
                    "type": "FLOW",
                    "action": "BOOLEAN_CONDITION",
                    "params": {"if": True, "then": [nothing("t")], "else": [nothing("e")]},
                },
                nothing("z"),
            ],
        },
    )
    page = console
    page.goto(f"{server.url}/flows/{flow['id']}")
    page.locator("[data-card=a]").focus()
    seen = ["a"]
    for _ in range(20):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "() => { const e = document.activeElement; return e.dataset.card"
            " || (e.classList.contains('add') ? '+' : '') }"
        )
        if name:
            seen.append(name)

    assert seen[:11] == ["a", "+", "fork", "+", "t", "+", "+", "e", "+", "+", "z"]


def nothing(id_: str) -> dict[str, object]:
    return {"id": id_, "type": "FLOW", "action": "DO_NOTHING", "params": {}}


def test_leaving_unsaved_work_asks_also_when_one_goes_back(console: Page, server: Server) -> None:
    page = console
    flow = server.api("GET", "/api/v2/flows")[0]
    page.goto(f"{server.url}/flows")
    page.get_by_role("link", name="Greet a user").click()
    page.get_by_role("button", name="Get user Look the user up").click()
    page.get_by_label("Alias").fill("Changed")

    page.go_back()

    dialog = page.get_by_role("dialog", name="Leave without saving?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile(f"/flows/{flow['id']}"))
    expect(page.get_by_label("Alias")).to_have_value("Changed")
    page.get_by_role("link", name="To the flows", exact=True).click()
    dialog.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Flows", exact=True)).to_be_visible()
    page.get_by_role("link", name="Greet a user").click()
    expect(page.get_by_role("button", name="Get user Look the user up")).to_be_visible()


def test_focus_goes_along_with_undo_and_redo(console: Page, server: Server) -> None:
    page = console
    flow = server.api("GET", "/api/v2/flows")[0]
    page.goto(f"{server.url}/flows/{flow['id']}")
    look_up = page.locator("[data-card=get_user_s1mp]")
    look_up.focus()
    page.keyboard.press("Control+d")
    expect(page.locator("[data-card]")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(page.locator("[data-card]")).to_have_count(2)
    expect(look_up).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.locator("[data-card=send_email_s2mp]")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(look_up).to_be_focused()
