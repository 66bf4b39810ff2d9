"""Which provider takes a message: the tenant's own if it has one, else capture.

Looked up for every message, so that switching or repairing a provider needs no restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import ProviderNotEnabled
from sluiceway.extensions import discover, discover_entry_points
from sluiceway.models.json_text import did_you_mean
from sluiceway.models.message import Channel
from sluiceway.providers.base import ConfiguredProvider, EmailProviderSpec, PhoneProviderSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sluiceway.models.json import JsonObject
    from sluiceway.providers.base import EmailProvider, PhoneProvider, ProviderDirectory

__all__ = [
    "CAPTURE",
    "Chosen",
    "ChosenEmail",
    "ChosenPhone",
    "Providers",
    "find_email_specs",
    "find_phone_specs",
]

CAPTURE: Final = "capture"
_METHODS: Final = {Channel.SMS: "text", Channel.CALL: "voice"}
_KEPT: Final = 8
S = TypeVar("S", EmailProviderSpec, PhoneProviderSpec)
P = TypeVar("P")


def find_email_specs() -> dict[str, EmailProviderSpec]:
    """Return the email providers by name: our own, then those of other distributions."""
    found = [
        spec for _, spec in discover("sluiceway.providers.email", "PROVIDER", EmailProviderSpec)
    ]
    found += [
        spec for _, spec in discover_entry_points("sluiceway.email_providers", EmailProviderSpec)
    ]
    return {spec.name: spec for spec in found}


def find_phone_specs() -> dict[str, PhoneProviderSpec]:
    """Return the phone providers by name: our own, then those of other distributions."""
    found = [
        spec for _, spec in discover("sluiceway.providers.phone", "PROVIDER", PhoneProviderSpec)
    ]
    found += [
        spec for _, spec in discover_entry_points("sluiceway.phone_providers", PhoneProviderSpec)
    ]
    return {spec.name: spec for spec in found}


class _Specs(Mapping[str, S]):
    """Specs by name; one that is asked for by name is loaded alone."""

    def __init__(self, package: str, kind: type[S], find_all: Callable[[], dict[str, S]]) -> None:
        self._package = package
        self._kind: type[S] = kind
        self._find_all: Callable[[], dict[str, S]] = find_all
        self._loaded: dict[str, S] = {}
        self._all: dict[str, S] | None = None

    def __getitem__(self, name: str) -> S:
        found = self._loaded.get(name) or self._load(name) or self._everything()[name]
        self._loaded[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._everything())

    def __len__(self) -> int:
        return len(self._everything())

    def _load(self, name: str) -> S | None:
        module = f"{self._package}.{name}"
        if not name.isidentifier() or find_spec(module) is None:
            return None
        spec = getattr(import_module(module), "PROVIDER", None)
        return spec if isinstance(spec, self._kind) and spec.name == name else None

    def _everything(self) -> dict[str, S]:
        if self._all is None:
            self._all = self._find_all()
        return self._all


def _email_specs() -> Mapping[str, EmailProviderSpec]:
    return _Specs("sluiceway.providers.email", EmailProviderSpec, find_email_specs)


def _phone_specs() -> Mapping[str, PhoneProviderSpec]:
    return _Specs("sluiceway.providers.phone", PhoneProviderSpec, find_phone_specs)


class Chosen(msgspec.Struct, Generic[S, P], frozen=True, kw_only=True):
    """A provider ready to send, with what it was made from."""

    spec: S
    configured: ConfiguredProvider
    provider: P

    @property
    def bucket(self) -> str:
        """The key of its rate limit, shared by all workers."""
        return f"provider/{self.spec.name}"

    @property
    def rate_per_s(self) -> float | None:
        """Messages a second, ``None`` for no limit of ours."""
        return self.configured.limits.rate_per_s or self.spec.rate_per_s

    @property
    def burst(self) -> float:
        """Messages at once after a pause."""
        limits = self.configured.limits
        # An operator who names a rate and no burst means that rate.
        named = max(1.0, limits.rate_per_s) if limits.rate_per_s else self.spec.burst
        return limits.burst or named

    @property
    def is_capture(self) -> bool:
        """Tell whether nothing leaves the machine."""
        return self.spec.name == CAPTURE


ChosenEmail: TypeAlias = "Chosen[EmailProviderSpec, EmailProvider]"
ChosenPhone: TypeAlias = "Chosen[PhoneProviderSpec, PhoneProvider]"


class Providers(Discreet, msgspec.Struct):
    """Chooses providers. Built ones are kept while their configuration stays as it is."""

    withheld = frozenset({"_emails", "_phones"})

    directory: ProviderDirectory
    email_specs: Mapping[str, EmailProviderSpec] = msgspec.field(default_factory=_email_specs)
    phone_specs: Mapping[str, PhoneProviderSpec] = msgspec.field(default_factory=_phone_specs)
    _emails: list[ChosenEmail] = msgspec.field(default_factory=list["ChosenEmail"])
    _phones: list[ChosenPhone] = msgspec.field(default_factory=list["ChosenPhone"])

    async def email(self) -> ChosenEmail:
        """Return the email provider.

        Raises:
            ProviderNotEnabled: one is set up but disabled, or of a name that is not known.
            ProviderRejected: its configuration cannot work.
        """
        configured = await self.directory.email() or ConfiguredProvider(name=CAPTURE)
        _require_enabled(configured, "email", "PATCH /api/v2/emails/provider with enabled: true")
        for kept in self._emails:
            if kept.configured == configured:
                return kept
        spec = _spec_of(configured, self.email_specs, "email")
        chosen = Chosen(spec=spec, configured=configured, provider=spec.build(configured))
        self._emails = [chosen, *self._emails][:_KEPT]
        return chosen

    async def phone(self, channel: Channel) -> ChosenPhone:
        """Return the phone provider for *channel*, ``SMS`` or ``CALL``.

        Raises:
            ProviderNotEnabled: one is set up but disabled, lacks the delivery method, or is of a
                name that is not known.
            ProviderRejected: its configuration cannot work.
        """
        configured = await self.directory.phone() or ConfiguredProvider(name=CAPTURE)
        _require_enabled(
            configured, "phone", "PATCH /api/v2/branding/phone/providers/{id} with disabled: false"
        )
        if configured.name != CAPTURE:
            _require_method(configured, _METHODS[channel])
        for kept in self._phones:
            if kept.configured == configured:
                return kept
        spec = _spec_of(configured, self.phone_specs, "phone")
        chosen = Chosen(spec=spec, configured=configured, provider=spec.build(configured))
        self._phones = [chosen, *self._phones][:_KEPT]
        return chosen

    async def concurrency(self, channel: Channel) -> int | None:
        """Return how many messages the operator allows on their way at a time, if it is said."""
        is_email = channel is Channel.EMAIL
        found = await (self.directory.email() if is_email else self.directory.phone())
        return found.limits.concurrency if found else None

    async def describe(self, channel: Channel) -> JsonObject:
        """Return ``{name, default_from}`` of the provider for *channel*, for templates.

        Raises as ``email`` and ``phone``.
        """
        chosen = await (self.email() if channel is Channel.EMAIL else self.phone(channel))
        return {"name": chosen.spec.name, "default_from": chosen.configured.default_from}


def _require_enabled(configured: ConfiguredProvider, kind: str, remedy: str) -> None:
    if not configured.enabled:
        raise ProviderNotEnabled(
            f"expected an enabled {kind} provider, found {configured.name!r} disabled",
            hint=f"Enable it: {remedy}.",
        )


def _require_method(configured: ConfiguredProvider, method: str) -> None:
    offered = configured.settings.get("delivery_methods")
    if not isinstance(offered, list) or method not in offered:
        found = ", ".join(map(str, offered)) if isinstance(offered, list) and offered else "none"
        raise ProviderNotEnabled(
            f"expected the delivery method {method!r} of the phone provider"
            f" {configured.name!r}, found {found}",
            hint=f"Add {method!r} to configuration.delivery_methods.",
        )


def _spec_of(configured: ConfiguredProvider, specs: Mapping[str, S], kind: str) -> S:
    spec = specs.get(configured.name)
    if spec is None:
        raise ProviderNotEnabled(
            f"expected the name of an {kind} provider, found {configured.name!r}",
            hint=did_you_mean(configured.name, specs) or f"Known: {', '.join(sorted(specs))}.",
        )
    return spec
