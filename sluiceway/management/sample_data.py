"""A few objects for an empty tenant, so that a first look shows something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.management import flows, users
from sluiceway.management.connections import DEFAULT_CONNECTION
from sluiceway.management.flow_samples import keep_sample
from sluiceway.management.memberships import ORGANIZATION_MEMBERS, ROLE_USERS, add_links
from sluiceway.management.resources import create_item
from sluiceway.management.tenant_resources import ORGANIZATIONS, ROLES

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject

__all__ = ["add_sample_data"]

_PEOPLE: Final = (
    ("ada@example.com", "Ada Lovelace", {"plan": "pro", "language": "en"}),
    ("grace@example.com", "Grace Hopper", {"plan": "free", "language": "en"}),
    ("alan@example.com", "Alan Turing", {"plan": "free", "language": "en"}),
)
_FLOW: Final[JsonObject] = {
    "name": "Greet a user",
    "actions": [
        {
            "id": "get_user_s1mp",
            "alias": "Look the user up",
            "type": "AUTH0",
            "action": "GET_USER",
            "allow_failure": False,
            "mask_output": False,
            "params": {"connection_id": "local", "user_id": "{{fields.user_id}}"},
        },
        {
            "id": "send_email_s2mp",
            "alias": "Greet the user",
            "type": "AUTH0",
            "action": "SEND_EMAIL",
            "allow_failure": False,
            "mask_output": False,
            "params": {
                "to": "{{actions.get_user_s1mp.body.email}}",
                "subject": "Hello {{ custom_vars.name }}",
                "body": "<p>Hello {{ custom_vars.name }}, welcome to {{ friendly_name }}.</p>",
                "custom_vars": {"name": "{{actions.get_user_s1mp.body.name}}"},
            },
        },
    ],
}


async def add_sample_data(environment: Environment) -> bool:
    """Add users, a role, an organization, and a flow if there is none, to a tenant without users.

    Returns whether anything was added.
    """
    documents = environment.documents
    for kind in (users.KIND, ROLES.kind, ORGANIZATIONS.kind):
        if await documents.count(kind):
            return False
    ids = await _add_people(environment)
    if not await documents.count(flows.KIND):
        flow = await flows.create_flow(environment, _FLOW)
        greeted: JsonObject = {"fields": {"user_id": ids[0]}}
        await keep_sample(environment, str(flow["id"]), "Ada Lovelace", greeted)
    return True


async def _add_people(environment: Environment) -> list[str]:
    """Add users with a role and an organization; return the users' ids."""
    ids: list[str] = []
    for email, name, metadata in _PEOPLE:
        body: JsonObject = {
            "connection": DEFAULT_CONNECTION,
            "email": email,
            "name": name,
            "email_verified": True,
            "password": f"{environment.random_bits(128):032x}",
            "app_metadata": {**metadata},
        }
        ids.append(str((await users.create_user(environment, body))["user_id"]))
    role = await create_item(environment, ROLES, {"name": "editor", "description": "May edit"})
    organization = await create_item(
        environment, ORGANIZATIONS, {"name": "acme", "display_name": "Acme"}
    )
    await add_links(environment, ROLE_USERS, [(str(role["id"]), ids[0])])
    pairs = [(str(organization["id"]), id_) for id_ in ids]
    await add_links(environment, ORGANIZATION_MEMBERS, pairs)
    return ids
