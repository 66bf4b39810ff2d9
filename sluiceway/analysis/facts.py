"""What is known beside a flow: its form, sample input, its connections, the tenant.

Nothing here has to be known. What is ``None`` is not known, and no rule finds fault with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import Channel

__all__ = ["ConnectionFacts", "Facts", "FormFacts", "form_uses", "read_form"]

_ENDINGS: Final = "$"


class FormFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a form's fields set.

    Attributes:
        fields: by id, whether a value is required.
        is_complete: whether all nodes that the form leads to are there, so that what is not in
            *fields* is not set.
    """

    fields: Mapping[str, bool]
    is_complete: bool = True

    def merged(self, other: FormFacts) -> FormFacts:
        """Return what is known of a flow that both forms run."""
        fields = {
            name: self.fields.get(name, False) and other.fields.get(name, False)
            for name in {**self.fields, **other.fields}
        }
        return FormFacts(fields=fields, is_complete=self.is_complete and other.is_complete)


class ConnectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A vault connection: its app, and the scopes that its client was granted, where known."""

    name: str
    app_id: str
    scopes: frozenset[str] | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known beside one flow.

    Attributes:
        form: the fields of the form that runs the flow.
        inputs: sample input; what it does not have is not set.
        vars_set: names that other flows of the same form store.
        connections: by what ``connection_id`` says; one that is not in it does not exist.
        providers: whether a provider is enabled, by channel.
        rate_limit: calls a second and burst of the tenant's Management API.
    """

    form: FormFacts | None = None
    inputs: ExecutionInput | None = None
    vars_set: frozenset[str] = frozenset()
    connections: Mapping[str, ConnectionFacts] | None = None
    providers: Mapping[Channel, bool] = msgspec.field(default_factory=dict["Channel", bool])
    rate_limit: tuple[float, int] | None = None


def read_form(form: JsonValue) -> FormFacts | None:
    """Return what *form* sets, or ``None`` where it is no form with nodes."""
    nodes = form.get("nodes") if isinstance(form, dict) else None
    if not isinstance(form, dict) or not isinstance(nodes, list):
        return None
    fields: dict[str, bool] = {}
    known: set[str] = set()
    start = form.get("start")
    hidden = start.get("hidden_fields") if isinstance(start, dict) else None
    for item in hidden if isinstance(hidden, list) else []:
        if isinstance(item, dict) and isinstance(item.get("key"), str):
            # Whoever renders the form fills what has no value here.
            fields[str(item["key"])] = True
    for node in nodes:
        if not isinstance(node, dict):
            continue
        known.add(str(node.get("id")))
        fields |= _fields_of(node)
    leads_to = set(_targets(start)) | {target for node in nodes for target in _targets(node)}
    return FormFacts(fields=fields, is_complete=leads_to <= known)


def form_uses(form: JsonValue) -> frozenset[str]:
    """Return the flows that *form* runs, by what its ``flow_id`` values say."""
    return frozenset(_values_of(form, "flow_id"))


def _fields_of(node: JsonObject) -> dict[str, bool]:
    config = node.get("config")
    components = config.get("components") if isinstance(config, dict) else None
    found: dict[str, bool] = {}
    for component in components if isinstance(components, list) else []:
        if isinstance(component, dict) and component.get("category") == "FIELD":
            found[str(component.get("id"))] = component.get("required") is True
    return found


def _targets(value: JsonValue) -> Iterator[str]:
    for key in ("next_node", "fallback"):
        for target in _values_of(value, key):
            if not target.startswith(_ENDINGS):
                yield target


def _values_of(value: JsonValue, key: str) -> Iterator[str]:
    """Yield every text under *key*, however deep."""
    waiting: list[JsonValue] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            found = item.get(key)
            if isinstance(found, str):
                yield found
            waiting.extend(item.values())
