"""Email templates by name: ``/api/v2/email-templates`` apart from HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.errors import NotFound
from sluiceway.management.fields import FLAG, choice, closed, nullable
from sluiceway.management.records import change
from sluiceway.management.resources import Resource, shown_item

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["NAMES", "SET_TEMPLATE", "TEMPLATES", "set_template"]

NAMES: Final = (
    "verify_email",
    "verify_email_by_code",
    "auth_email_by_code",
    "reset_email",
    "reset_email_by_code",
    "welcome_email",
    "blocked_account",
    "stolen_credentials",
    "enrollment_email",
    "mfa_oob_code",
    "user_invitation",
    "change_password",
    "password_reset",
    "async_approval",
)
_TEXT: Final[JsonObject] = {"type": ["string", "null"]}
_PROPERTIES: Final[JsonObject] = {
    "template": choice(*NAMES),
    "body": _TEXT,
    "from": _TEXT,
    "resultUrl": _TEXT,
    "subject": _TEXT,
    "syntax": _TEXT,
    "urlLifetimeInSeconds": {"type": ["number", "null"], "minimum": 0},
    "includeEmailInRedirect": FLAG,
    "enabled": nullable(FLAG),
}
SET_TEMPLATE: Final = closed(
    _PROPERTIES, "template", "body", "from", "subject", "syntax", "enabled"
)


TEMPLATES: Final = Resource(
    kind="email_template",
    new_id=lambda _, body: str(body["template"]),
    id_field="template",
    create=SET_TEMPLATE,
    update=closed(_PROPERTIES),
    missing=("The template does not exist.", "inexistent_email_template"),
    taken=("Template {id} already exists.", ""),
)


async def set_template(environment: Environment, name: str, payload: JsonValue) -> JsonObject:
    """Put a whole template in place of the one of that name.

    Raises:
        InvalidRequest: the body breaks the schema.
        NotFound: there is none of that name.
    """
    SET_TEMPLATE.check(payload)
    body: JsonObject = {**payload, "template": name} if isinstance(payload, dict) else {}
    document = await change(
        environment.documents,
        TEMPLATES.kind,
        name,
        lambda d: replace(d, body=body, updated_at=environment.now()),
    )
    if document is None:
        raise NotFound(TEMPLATES.missing[0], error_code=TEMPLATES.missing[1])
    return shown_item(TEMPLATES, document)
