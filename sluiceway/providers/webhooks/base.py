"""What a delivery webhook is: it proves who posted, and reads reports in the one vocabulary.

A webhook is declared by one module ``providers/webhooks/<name>.py`` with the constant ``WEBHOOK``.
It is pure: what it needs from the network (Amazon's certificate) it asks for, and is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sluiceway.models.delivery import DeliveryReport
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse

__all__ = ["DeliveryWebhook", "WebhookPost", "WebhookReading", "WebhookRefused", "WebhookSpec"]


class WebhookRefused(Exception):
    """The post does not come from the provider, is too old, or cannot be read."""


class WebhookPost(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One post as it came.

    Attributes:
        body: its bytes: signatures cover them as they are.
        headers: with lower-case names.
        urls: what the provider may have called us by, its query included, likeliest first.
        query: the values of the query, by name.
        now: the clock.
    """

    withheld = frozenset({"body", "headers"})

    body: bytes
    headers: Mapping[str, str]
    urls: tuple[str, ...] = ()
    query: Mapping[str, str] = msgspec.field(default_factory=dict["str", "str"])
    now: datetime


class WebhookReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a post says.

    Attributes:
        reports: about messages, ours or not.
        visit: a request to make because the provider asks for it, to confirm a subscription.
        single_use: a token of the post that must not come with another body, where the signature
            does not cover the body.
    """

    reports: tuple[DeliveryReport, ...] = ()
    visit: OutboundRequest | None = None
    single_use: str = ""


@runtime_checkable
class DeliveryWebhook(Protocol):
    """Proves and reads the posts of one provider."""

    def read(
        self, post: WebhookPost, *, keys: tuple[str, ...], fetched: OutboundResponse | None
    ) -> WebhookReading:
        """Prove that one of *keys* signed *post*, and read it.

        Raises:
            WebhookRefused: it is not from the provider, is too old, or cannot be read.
        """
        ...


class WebhookSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's webhook, whole.

    Attributes:
        name: the provider's.
        title: what people call it.
        webhook: proves and reads.
        key_title: what the key is called where the provider shows it.
        is_secret: whether the key must not be shown.
        source: the page that it follows.
        wanted: says what has to be fetched before a post can be proved, where something has;
            raises ``WebhookRefused`` for what would be fetched from elsewhere than the provider.
    """

    name: str
    title: str
    webhook: DeliveryWebhook
    key_title: str
    is_secret: bool
    source: str
    wanted: Callable[[WebhookPost, tuple[str, ...]], OutboundRequest] | None = None
