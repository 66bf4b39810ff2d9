"""Email that stays in the outbox: the provider until one is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.providers.base import EmailProviderSpec, Receipt

if TYPE_CHECKING:
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "Capture"]


class Capture(msgspec.Struct, frozen=True):
    """Takes every email and sends none."""

    def capture(self, message: EmailMessage) -> Receipt:
        """Name the message by our own id."""
        return Receipt(message.id)


def _build(_: ConfiguredProvider) -> Capture:
    return Capture()


PROVIDER = EmailProviderSpec(
    name="capture",
    title="Capture (nothing leaves this machine)",
    build=_build,
    credentials={"type": "object", "properties": {}, "additionalProperties": False},
    source="Contract, section 2: nothing is sent until a provider is set up.",
    deduplicates=True,
)
