"""``/api/v2/emails/provider`` and ``/api/v2/email-templates``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.paging import fields_of, pick_fields
from sluiceway.api.route import Call, Param, Route
from sluiceway.management import email_provider, email_templates
from sluiceway.management.resources import create_item, get_item, update_item

if TYPE_CHECKING:
    from sluiceway.models.json import JsonValue

__all__ = ["ROUTES"]

_DEFAULT_FIELDS: Final = "name,enabled"


async def _get_provider(call: Call) -> JsonValue:
    provider = await email_provider.get_provider(call.services.tenant.environment)
    if not call.query["fields"]:
        return pick_fields(provider, {"fields": _DEFAULT_FIELDS, "include_fields": True})
    return pick_fields(provider, call.query)


async def _create_provider(call: Call) -> JsonValue:
    return await email_provider.create_provider(call.services.tenant.environment, call.body)


async def _update_provider(call: Call) -> JsonValue:
    return await email_provider.update_provider(call.services.tenant.environment, call.body)


async def _delete_provider(call: Call) -> None:
    await email_provider.delete_provider(call.services.tenant.environment)


async def _create_template(call: Call) -> JsonValue:
    return await create_item(call.services.tenant.environment, email_templates.TEMPLATES, call.body)


async def _get_template(call: Call) -> JsonValue:
    return await get_item(
        call.services.tenant.environment, email_templates.TEMPLATES, call.path["templateName"]
    )


async def _update_template(call: Call) -> JsonValue:
    return await update_item(
        call.services.tenant.environment,
        email_templates.TEMPLATES,
        call.path["templateName"],
        call.body,
    )


async def _set_template(call: Call) -> JsonValue:
    return await email_templates.set_template(
        call.services.tenant.environment, call.path["templateName"], call.body
    )


_PROVIDER_FIELDS: Final = fields_of(
    "name",
    "enabled",
    "credentials",
    "settings",
    "default_from_address",
    about=(
        "Comma-separated list of fields to include or exclude (dependent upon include_fields) from "
        "the result. Leave empty to retrieve `name` and `enabled`. Additional fields available "
        "include `credentials`, `default_from_address`, and `settings`."
    ),
)
_PROVIDER: Final = "/api/v2/emails/provider"
_TEMPLATE: Final = "/api/v2/email-templates/{templateName}"
_NAMES: Final = (Param(name="templateName", choices=email_templates.NAMES),)

ROUTES: Final = (
    Route(
        method="GET",
        path=_PROVIDER,
        handle=_get_provider,
        summary="Get the email provider",
        scopes=("read:email_provider",),
        query=_PROVIDER_FIELDS,
        tag="emails",
    ),
    Route(
        method="POST",
        path=_PROVIDER,
        handle=_create_provider,
        summary="Set up the email provider",
        scopes=("create:email_provider",),
        body=email_provider.CREATE_PROVIDER,
        is_checked=False,
        status=201,
        tag="emails",
    ),
    Route(
        method="PATCH",
        path=_PROVIDER,
        handle=_update_provider,
        summary="Change the email provider",
        scopes=("update:email_provider",),
        body=email_provider.UPDATE_PROVIDER,
        is_checked=False,
        tag="emails",
    ),
    Route(
        method="DELETE",
        path=_PROVIDER,
        handle=_delete_provider,
        summary="Forget the email provider",
        scopes=("delete:email_provider",),
        status=204,
        tag="emails",
    ),
    Route(
        method="POST",
        path="/api/v2/email-templates",
        handle=_create_template,
        summary="Create an email template",
        scopes=("create:email_templates",),
        body=email_templates.SET_TEMPLATE,
        is_checked=False,
        tag="email_templates",
    ),
    Route(
        method="GET",
        path=_TEMPLATE,
        limits=_NAMES,
        handle=_get_template,
        summary="Get an email template",
        scopes=("read:email_templates",),
        tag="email_templates",
    ),
    Route(
        method="PATCH",
        path=_TEMPLATE,
        limits=_NAMES,
        handle=_update_template,
        summary="Change an email template",
        scopes=("update:email_templates",),
        body=email_templates.TEMPLATES.update,
        is_checked=False,
        tag="email_templates",
    ),
    Route(
        method="PUT",
        path=_TEMPLATE,
        limits=_NAMES,
        handle=_set_template,
        summary="Replace an email template",
        scopes=("update:email_templates",),
        body=email_templates.SET_TEMPLATE,
        is_checked=False,
        tag="email_templates",
    ),
)
