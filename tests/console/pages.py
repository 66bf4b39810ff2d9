"""Every page and every larger thing on one: how to come there, with something to show.

The accessibility tests and the screenshots go through the same list.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.console.conftest import Server

EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"


@dataclass
class Shown:
    """What the pages show."""

    flow: str
    large: str
    completed: str
    failed: str
    message: str


def step(id_: str, name: str, params: dict[str, Any], family: str = "AUTH0") -> dict[str, Any]:
    return {"id": id_, "type": family, "action": name, "params": params}


def fill(server: Server) -> Shown:
    """Give the server something to show."""
    welcome = json.loads((EXAMPLES / "welcome.json").read_text())
    fields = json.loads((EXAMPLES / "welcome.fields.json").read_text())
    flow = server.api("POST", "/api/v2/flows", welcome)["id"]
    changed = [dict(one) for one in welcome["actions"]]
    changed[-1] = {**changed[-1], "alias": "And by phone, at noon"}
    server.api("PATCH", f"/api/v2/flows/{flow}", {"actions": changed})
    server.api(
        "PUT", f"/sluiceway/v1/flows/{flow}/comment", {"comment": "Say when the call is made"}
    )
    server.api("PUT", f"/sluiceway/v1/flows/{flow}/samples/Ada", {"fields": fields})
    run = f"/sluiceway/v1/flows/{flow}/executions?wait=20"
    completed = server.api("POST", run, {"fields": fields})["id"]
    broken = server.api(
        "POST",
        "/api/v2/flows",
        {
            "name": "Nightly report",
            "actions": [
                step("look_up", "GET_USER", {"connection_id": "local", "user_id": "auth0|nobody"}),
                step(
                    "mail",
                    "SEND_EMAIL",
                    {"to": "{{ actions.look_up.body.email }}", "subject": "Report", "body": "<p>"},
                ),
            ],
        },
    )["id"]
    failed = server.api("POST", f"/sluiceway/v1/flows/{broken}/executions?wait=20", {})["id"]
    server.api(
        "POST",
        "/api/v2/flows/vault/connections",
        {
            "name": "Production",
            "app_id": "AUTH0",
            "setup": {
                "type": "OAUTH_APP",
                "client_id": "made-up",
                "client_secret": "made-up",
                "domain": "shop.eu.auth0.com",
            },
        },
    )
    server.api(
        "POST", "/api/v2/flows/vault/connections", {"name": "Slack alerts", "app_id": "SLACK"}
    )
    sample = next(
        one for one in server.api("GET", "/api/v2/flows") if one["name"] == "Greet a user"
    )
    rows = [
        {"key": str(n), "fields": {"user_id": server.user_id("ada@example.com")}} for n in range(8)
    ]
    server.api(
        "POST",
        f"/sluiceway/v1/flows/{sample['id']}/batches",
        {"id": "spring-campaign", "rows": rows},
    )
    large = server.api("POST", "/api/v2/flows", {"name": "Large", "actions": many(300)})["id"]
    mails = server.api("GET", f"/sluiceway/v1/outbox?execution_id={completed}")["messages"]
    message = next(one["id"] for one in mails if one["channel"] == "email")
    return Shown(flow=flow, large=large, completed=completed, failed=failed, message=message)


def many(count: int) -> list[dict[str, Any]]:
    """*count* steps, with a fork now and then."""
    actions: list[dict[str, Any]] = []
    number = 0
    while number < count:
        if number % 10 == 0:
            inside = [leaf(number + offset) for offset in (1, 2, 3, 4)]
            actions.append(
                step(
                    f"fork_{number}",
                    "BOOLEAN_CONDITION",
                    {"if": True, "then": inside[:2], "else": inside[2:]},
                    "FLOW",
                )
            )
            number += 5
        else:
            actions.append(leaf(number))
            number += 1
    return actions


def leaf(number: int) -> dict[str, Any]:
    user_id = "{{ fields.user_id }}"
    return step(f"step_{number}", "GET_USER", {"connection_id": "local", "user_id": user_id})


Visit: TypeAlias = Callable[["Page", "Server", Shown], None]


def at(path: str, heading: str) -> Visit:
    def go(page: Page, server: Server, shown: Shown) -> None:
        page.goto(server.url + path.format(**vars(shown)))
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        expect(page.get_by_role("status", name="Loading")).to_have_count(0)

    return go


def editor(page: Page, server: Server, shown: Shown, query: str = "") -> None:
    page.goto(f"{server.url}/flows/{shown.flow}{query}")
    expect(page.locator("[data-card=send_sms]")).to_be_visible()


def panel(id_: str, tab: str = "") -> Visit:
    def go(page: Page, server: Server, shown: Shown) -> None:
        editor(page, server, shown, f"?action={id_}{f'&tab={tab}' if tab else ''}")
        expect(page.get_by_role("complementary")).to_be_visible()
        expect(page.locator(".panel .code > .cm-editor").first).to_be_visible()
        # Each editor stands in its frame, whatever came in first.
        page.wait_for_timeout(300)
        assert page.locator(".panel .code:not(:has(> .cm-editor))").count() == 0
        assert page.locator(".panel .cm-editor").count() == page.locator(".panel .code").count()

    return go


def run_on_canvas(page: Page, server: Server, shown: Shown) -> None:
    editor(page, server, shown, f"?execution={shown.completed}&step=get_user")
    expect(page.get_by_role("region", name="This run")).to_be_visible()


def opened(first: Visit, *names: str, kind: str = "button", then: str = "dialog") -> Visit:
    def go(page: Page, server: Server, shown: Shown) -> None:
        first(page, server, shown)
        for name in names:
            page.get_by_role(kind, name=name, exact=True).first.click()  # type: ignore[arg-type]
        expect(page.get_by_role(then).last).to_be_visible()  # type: ignore[arg-type]

    return go


def versions(page: Page, server: Server, shown: Shown) -> None:
    editor(page, server, shown)
    page.get_by_role("button", name="More for this flow").click()
    page.get_by_role("menuitem", name="Versions").click()
    expect(page.get_by_text("1 step changed").first).to_be_visible()


def versions_as_json(page: Page, server: Server, shown: Shown) -> None:
    versions(page, server, shown)
    page.get_by_role("radio", name="As JSON").click()
    expect(page.get_by_role("group", name="Both as JSON")).to_be_visible()


def import_review(page: Page, server: Server, shown: Shown) -> None:
    at("/flows", "Flows")(page, server, shown)
    page.get_by_role("button", name="Import").click()
    shorter = json.loads((EXAMPLES / "welcome.json").read_text())
    shorter["actions"] = shorter["actions"][:4]
    other = {"name": "Say good night", "actions": [leaf(1)]}
    other["actions"][0]["params"]["connection_id"] = "Legacy tenant"  # type: ignore[index]
    page.get_by_role("dialog").locator("input[type=file]").first.set_input_files(
        [
            {"name": name, "mimeType": "application/json", "buffer": json.dumps(one).encode()}
            for name, one in (("welcome.json", shorter), ("night.json", other))
        ]
    )
    expect(page.get_by_role("dialog", name="Import 2 flows")).to_be_visible()


def palette(page: Page, server: Server, shown: Shown) -> None:
    at("/flows", "Flows")(page, server, shown)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Find anything")).to_be_focused()


def tour(page: Page, server: Server, shown: Shown) -> None:
    at("/flows", "Flows")(page, server, shown)
    # The way there is in the side bar, which a narrow window hides behind its own button.
    if page.get_by_role("button", name="Open the menu").is_visible():
        page.get_by_role("button", name="Open the menu").click()
    page.get_by_role("button", name="Help and session").click()
    page.get_by_role("menuitem", name="Take the tour").click()
    expect(page.get_by_role("dialog", name="Welcome to Sluiceway")).to_be_visible()


def menu(page: Page, server: Server, shown: Shown) -> None:
    editor(page, server, shown)
    page.get_by_role("button", name="More for Read it back").click()
    expect(page.get_by_role("menu")).to_be_visible()


def completion(page: Page, server: Server, shown: Shown) -> None:
    panel("update_user")(page, server, shown)
    field = page.get_by_role("textbox", name="User ID")
    field.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type("{{actions.", delay=15)
    expect(page.get_by_role("listbox")).to_be_visible()


FLOWS = at("/flows", "Flows")
VAULT = at("/vault", "Vault")
PROVIDERS = at("/providers", "Providers")

PAGES: dict[str, Visit] = {
    "Flows": FLOWS,
    "New flow": opened(FLOWS, "New flow"),
    "Import": opened(FLOWS, "Import"),
    "Review of an import": import_review,
    "Editor": editor,
    "Editor panel of an email": panel("send_email"),
    "Editor panel of a condition": panel("was_created"),
    "Editor panel as JSON": panel("create_user", "json"),
    "Editor completion": completion,
    "Editor menu": menu,
    "Catalogue": opened(editor, "Add a step at the start"),
    "Run dialog": opened(editor, "Run"),
    "Run on the canvas": run_on_canvas,
    "Versions": versions,
    "Versions as JSON": versions_as_json,
    "Executions": at("/executions", "Executions"),
    "Execution": at("/executions/{completed}", "Welcome a new customer"),
    "Failed execution": at("/executions/{failed}", "Nightly report"),
    "Batches": at("/batches/spring-campaign", "spring-campaign"),
    "Outbox": at("/outbox", "Outbox"),
    "Message": at("/outbox/{message}", "Welcome aboard, Ada"),
    "Vault": VAULT,
    "Add a connection": opened(VAULT, "Add connection"),
    "Keys of the vault": opened(VAULT, "Rotate the key"),
    "Providers": PROVIDERS,
    "Email provider": opened(PROVIDERS, "Set up a provider"),
    "Users": at("/users", "Users"),
    "Clients": at("/clients", "Clients"),
    "New client": opened(at("/clients", "Clients"), "New client"),
    "Settings": at("/settings", "Settings"),
    "Find anything": palette,
    "Tour": tour,
}
