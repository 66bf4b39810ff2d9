"""Stock templates as messages that can be sent: rendered with sample data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.errors import InvalidRequest
from sluiceway.models.message import Channel, EmailContent, PhoneContent

if TYPE_CHECKING:
    from sluiceway.api.route import Call
    from sluiceway.models.message import MessageContent

__all__ = ["template_content"]


async def template_content(call: Call, channel: Channel, name: str, to: str) -> MessageContent:
    """Return a stock template rendered with sample data.

    Raises:
        InvalidRequest: it cannot be rendered.
    """
    # Seldom used and heavy, and on the way of every process that runs a flow.
    from sluiceway.analysis.preview import (  # noqa: PLC0415
        NotificationDraft,
        PreviewData,
        preview_notification,
    )
    from sluiceway.analysis.sample_context import (  # noqa: PLC0415
        SAMPLE_CONTEXT,
        SAMPLE_TEMPLATE_VARIABLES,
    )
    from sluiceway.management.stock_templates import load_stock_template  # noqa: PLC0415

    environment = call.services.tenant.environment
    stock = await load_stock_template(environment, channel=channel, name=name, to=to)
    shown = preview_notification(
        NotificationDraft(channel=channel, params=stock.params),
        PreviewData(context=SAMPLE_CONTEXT, extra={**SAMPLE_TEMPLATE_VARIABLES, **stock.extra}),
        tenant=call.services.tenant_names,
        now=environment.now(),
    )
    # Whether the recipient will do is for the provider to say.
    errors = [p for p in shown.problems if p.is_error and p.at != "/to"]
    if errors:
        first = errors[0]
        raise InvalidRequest(
            f"expected a template that can be rendered: {first.message} (at {first.at})",
            error_code="invalid_body",
        )
    if channel is Channel.EMAIL:
        return EmailContent(
            to=to, subject=shown.subject, html=shown.html, sender_email=shown.sender
        )
    return PhoneContent(to=to, text=shown.text, sender=shown.sender, language="en")
