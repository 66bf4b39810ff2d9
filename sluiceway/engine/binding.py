"""Before a run: which vault connections a flow goes through.

A file names connections by tokens of its own (``#CONN-1#``), by name or by id; whoever starts the
run may choose others. A flow that names one which is not there does not start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from msgspec.structs import replace

from sluiceway.errors import ConnectionUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sluiceway.actions.catalogue import ActionCatalogue
    from sluiceway.models.flow import Action, Flow
    from sluiceway.models.flow_files import ConnectionStub, FlowEntry

__all__ = ["ANYWHERE", "LOCAL", "Binding", "bind_connections", "fill_connections"]

LOCAL: Final = "local"
"""The connection to the embedded tenant; it is always there."""

ANYWHERE: Final = ""
"""The token that stands for every connection the vault does not have."""

_TENANT: Final = "AUTH0"


class Found(Protocol):
    """What is known of a connection in the vault."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it is set up."""
        ...


class Vault(Protocol):
    """Where connections are looked up."""

    async def find(self, id_or_name: str, /) -> Found | None:
        """Return the connection of that id or name, or ``None``."""
        ...


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """How a flow finds its connections.

    Attributes:
        chosen: names of vault connections by token, by the container's name or by its id;
            ``ANYWHERE`` for the rest.
        stubs: what the container says of its tokens.
        offer: the hint that offers *token* = *name* to whoever starts the run.
        services: tokens that actions of other services use, which no tenant can stand in for.
    """

    offer: Callable[[str, str], str]
    chosen: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    stubs: Mapping[str, ConnectionStub] = msgspec.field(default_factory=dict[str, "ConnectionStub"])
    services: frozenset[str] = frozenset()

    def asked(self, token: str) -> str | None:
        """Return the name that was chosen for *token*, or for what its container calls it."""
        stub = self.stubs.get(token)
        keys = (token,) if stub is None else (token, stub.name, stub.id)
        return next((self.chosen[key] for key in keys if key and key in self.chosen), None)

    def candidates(self, token: str) -> list[str]:
        """Return the names to try for *token*, the likeliest first."""
        stub = self.stubs.get(token)
        names = [self.chosen.get(token), token]
        if stub is not None:
            names += [self.chosen.get(stub.name), self.chosen.get(stub.id), stub.id, stub.name]
        if self.is_tenant(token):
            names.append(self.chosen.get(ANYWHERE))
        return [name for name in names if name]

    def is_tenant(self, token: str) -> bool:
        """Tell whether *token* leads to a tenant, as far as is known."""
        stub = self.stubs.get(token)
        return token not in self.services and (stub is None or stub.app_id == _TENANT)


def fill_connections(entry: FlowEntry, actions: ActionCatalogue, binding: Binding) -> FlowEntry:
    """Give the actions that call a tenant and name no connection the one chosen for anywhere.

    Raises:
        ConnectionUnusable: there are such actions and none was chosen.
    """

    def wants(action: Action) -> bool:
        spec = actions.find(action.type, action.action)
        return bool(spec and spec.type_ == _TENANT and spec.needs_connection)

    anywhere = binding.chosen.get(ANYWHERE)
    if anywhere is not None:
        return replace(entry, flow=entry.flow.with_missing_connections(anywhere, wants=wants))
    for placed in entry.flow.walk():
        if wants(placed.action) and placed.action.params.get("connection_id") is None:
            raise ConnectionUnusable(
                f"the step {placed.action.id!r} names no vault connection",
                at=entry.place(placed.at),
                hint=binding.offer(ANYWHERE, LOCAL),
            )
    return entry


async def bind_connections(entry: FlowEntry, vault: Vault, binding: Binding) -> Flow:
    """Return the flow with every connection named as the vault knows it.

    Raises:
        ConnectionUnusable: one is not there; the hint offers the embedded tenant.
    """
    names: dict[str, str] = {}
    binding = replace(binding, services=_services(entry.flow))
    for token, pointer in entry.flow.connections().items():
        if "{{" in token:
            # An expression: which connection it names is known once the step is reached.
            continue
        name = await _find(vault, binding, token)
        if name is None:
            stub = binding.stubs.get(token)
            label = binding.asked(token) or (f"{token!r} ({stub.name!r})" if stub else token)
            raise ConnectionUnusable(
                f"the flow uses the vault connection {label}, and there is none of that id or name",
                at=entry.place(pointer),
                hint=binding.offer(token, LOCAL if binding.is_tenant(token) else ""),
            )
        names[token] = name
    return entry.flow.with_connections(names)


def _services(flow: Flow) -> frozenset[str]:
    used = (placed.action for placed in flow.walk())
    return frozenset(
        token
        for action in used
        if action.type != _TENANT and isinstance(token := action.params.get("connection_id"), str)
    )


async def _find(vault: Vault, binding: Binding, token: str) -> str | None:
    """Return the name of the connection for *token*: one that is set up, if there is one.

    A name that was chosen and is not there is never passed over for another connection.
    """
    asked = binding.asked(token)
    if asked and await vault.find(asked) is None:
        return None
    empty: str | None = None
    for candidate in binding.candidates(token):
        found = await vault.find(candidate)
        if found is None:
            continue
        # A stored flow says an id, whoever starts it says the name that people know.
        chosen = binding.chosen.get(found.name) or binding.chosen.get(found.id)
        if chosen and chosen != candidate:
            return chosen if await vault.find(chosen) is not None else None
        if found.ready:
            return candidate
        empty = empty or candidate
    return empty
