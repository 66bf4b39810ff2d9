"""Flows on their way between tenants and files: every container in and out, nothing lost.

A package is what one container holds, in the container's own words: flows and connections by the
tokens that they have there, forms, and the rest as it was. Written in the format that it was read
in, it gives the same document; written in another, its tokens are exchanged for that format's own.
No secret is ever written: a setup becomes a placeholder.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from sluiceway.errors import DefinitionError
from sluiceway.models.flow import Flow
from sluiceway.models.flow_files import with_ids
from sluiceway.models.json_text import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "Format",
    "Package",
    "PackageConnection",
    "PackageFlow",
    "exchange_tokens",
    "fill_placeholders",
    "flows_of",
    "is_placeholder",
    "parse_package_flow",
    "placeholder_name",
    "safe_setup",
]

_PLACEHOLDER: Final = re.compile(
    r"\s*(?:@@\w+@@|##\w+##|\$\{[^}]*\}|\*{3,}|█+|<[^<>]*>)\s*", re.DOTALL
)
_NO_SECRETS: Final = frozenset(
    {
        *("type", "client_id", "domain", "audience", "algorithm", "account_id", "username"),
        *("token_endpoint", "scope", "resource", "name", "in", "base_url", "project_id"),
        *("client_email", "public_key"),
    }
)
"""The keys of setups that may be read (Auth0's OpenAPI, ``FlowsVaultConnection*Setup``)."""

_NOT_A_WORD: Final = re.compile(r"[^A-Za-z0-9]+")


class Format(StrEnum):
    """The containers that flows are written to."""

    FLOW = "flow"
    """One ``{name, actions}`` a file, connections by name."""
    LIST = "list"
    """A bare list of actions."""
    DASHBOARD = "dashboard"
    """What the Dashboard exports and imports: a form with its flows."""
    DEPLOY_CLI = "deploy-cli"
    """The folder that auth0-deploy-cli keeps a tenant in."""
    TERRAFORM = "terraform"
    """``auth0_flow`` resources in Terraform's JSON."""


class PackageFlow(msgspec.Struct, frozen=True, kw_only=True):
    """One flow: its document as written, connections and all by the container's tokens.

    *file* is the name of the file that it stood in, without ``.json``.
    """

    token: str
    name: str
    document: JsonObject
    file: str = ""


class PackageConnection(msgspec.Struct, frozen=True, kw_only=True):
    """One vault connection; *document* is what the container says of it."""

    token: str
    name: str
    app_id: str = "AUTH0"
    document: JsonObject = msgspec.field(default_factory=dict[str, "JsonValue"])

    @property
    def setup(self) -> JsonObject | None:
        """The secret part, where it is there in clear."""
        setup = self.document.get("setup")
        if not isinstance(setup, dict) or not setup or _has_placeholder(setup):
            return None
        return setup


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """What one container holds.

    Attributes:
        format: the container it was read from.
        name: its file's or folder's name.
        flows: in the order written.
        connections: in the order written; those that are only referred to are not among them.
        forms: by name (a Dashboard export has one).
        rest: what else the container holds: keys of an export, files of a folder, resources.
        keys: the keys of an export in the order written.
    """

    format: Format
    name: str
    flows: tuple[PackageFlow, ...] = ()
    connections: tuple[PackageConnection, ...] = ()
    forms: dict[str, JsonValue] = msgspec.field(default_factory=dict[str, "JsonValue"])
    rest: JsonObject = msgspec.field(default_factory=dict[str, "JsonValue"])
    keys: tuple[str, ...] = ()


def is_placeholder(value: JsonValue) -> bool:
    """Tell whether *value* stands for a secret that is kept elsewhere."""
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def _has_placeholder(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any(map(_has_placeholder, value.values()))
    if isinstance(value, list):
        return any(map(_has_placeholder, value))
    return is_placeholder(value)


def placeholder_name(connection: str) -> str:
    """Return the name of the variable that stands for a connection's setup."""
    return f"{_NOT_A_WORD.sub('_', connection).strip('_').upper() or 'CONNECTION'}_SETUP"


def safe_setup(connection: str, setup: JsonValue) -> JsonValue:
    """Return a setup with placeholders for its secrets; what is no secret stays.

    Args:
        connection: the connection's name, which the placeholders are named after.
        setup: as a container has it; without one, one placeholder stands for all of it.
    """
    name = placeholder_name(connection)
    if not isinstance(setup, dict):
        return setup if is_placeholder(setup) else f"@@{name}@@"
    stem = name.removesuffix("_SETUP")
    return {
        key: value
        if key in _NO_SECRETS or is_placeholder(value)
        else f"##{stem}_{_NOT_A_WORD.sub('_', key).upper()}##"
        for key, value in setup.items()
    }


def fill_placeholders(package: Package, values: Mapping[str, str]) -> Package:
    """Put values in place of deploy-cli's placeholders: ``@@NAME@@`` as JSON, ``##NAME##`` as text.

    Those without a value stay as they are.
    """
    return replace(
        package,
        connections=tuple(
            replace(one, document=_filled(one.document, values)) for one in package.connections
        ),
    )


def _filled(document: JsonObject, values: Mapping[str, str]) -> JsonObject:
    return {key: _fill(value, values) for key, value in document.items()}


def _fill(value: JsonValue, values: Mapping[str, str]) -> JsonValue:
    if isinstance(value, dict):
        return _filled(value, values)
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if not isinstance(value, str):
        return value
    as_json = re.fullmatch(r"\s*@@(\w+)@@\s*", value)
    if as_json is not None and as_json[1] in values:
        return parse_json(values[as_json[1]].encode(), name=as_json[1])
    return re.sub(r"##(\w+)##", lambda found: values.get(found[1], found[0]), value)


def exchange_tokens(
    package: Package,
    *,
    flow_token: Callable[[int, PackageFlow], str],
    connection_token: Callable[[int, PackageConnection], str],
) -> Package:
    """Return the package with other tokens, wherever the old ones stood.

    Args:
        package: the package.
        flow_token: gives a flow's new token from its number and itself.
        connection_token: likewise for a connection.
    """
    flows = {one.token: flow_token(n, one) for n, one in enumerate(package.flows, start=1)}
    connections = {
        one.token: connection_token(n, one) for n, one in enumerate(package.connections, start=1)
    }
    return replace(
        package,
        flows=tuple(
            replace(
                one,
                token=flows[one.token],
                document=_object(_mapped(one.document, "connection_id", connections)),
            )
            for one in package.flows
        ),
        connections=tuple(
            replace(one, token=connections[one.token]) for one in package.connections
        ),
        forms={name: _mapped(form, "flow_id", flows) for name, form in package.forms.items()},
    )


def _mapped(value: JsonValue, key: str, names: Mapping[str, str]) -> JsonValue:
    """Return *value* with every text under *key* that *names* lists exchanged."""
    if isinstance(value, list):
        return [_mapped(item, key, names) for item in value]
    if not isinstance(value, dict):
        return value
    result: JsonObject = {}
    for name, item in value.items():
        if name == key and isinstance(item, str):
            result[name] = names.get(item, item)
        else:
            result[name] = _mapped(item, key, names)
    return result


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def flows_of(package: Package) -> list[Flow]:
    """Return the package's flows, connections by name; actions without an id are given one.

    Raises:
        DefinitionError: one is no flow; ``at`` points into its document.
    """
    named = exchange_tokens(
        package,
        flow_token=lambda _, flow: flow.token,
        connection_token=lambda _, connection: connection.name,
    )
    return [parse_package_flow(flow) for flow in named.flows]


def parse_package_flow(one: PackageFlow) -> Flow:
    """Return the flow of a package; actions without an id are given one.

    Raises:
        DefinitionError: it is no flow; ``at`` is the file or name, and a pointer into it.
    """
    try:
        return Flow.from_json(with_ids(one.document), name=one.name)
    except DefinitionError as error:
        place = f"{one.file}.json" if one.file else one.name
        error.at = f"{place}#{error.at}"
        raise
