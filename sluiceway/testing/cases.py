"""What a file of test cases holds. The JSON Schema for editors is made from these structs.

Expected values match as ``rehearsal.matching`` says: objects may have more keys, a text like
``/^Hi/`` is a regular expression, and ``{$contains: …}`` and its kind say more.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sluiceway.rehearsal.mock_documents import Mocking, Part

__all__ = [
    "Case",
    "CaseFile",
    "Expected",
    "ExpectedError",
    "ExpectedTenant",
    "Tenant",
    "case_schema",
]

SCHEMA_ID: Final = "https://sluiceway.dev/schemas/flow-tests.json"


class Tenant(Part):
    """What the embedded tenant has before the flow runs."""

    users: Annotated[
        list[dict[str, Any]],
        Meta(
            description="Users as the Management API takes them; user_id like auth0|ada is kept, "
            "connection is the default one without it."
        ),
    ] = msgspec.field(default_factory=list[dict[str, Any]])
    codes: Annotated[
        dict[str, str], Meta(description="One-time codes that were sent, by reference.")
    ] = msgspec.field(default_factory=dict[str, str])
    providers: Annotated[
        dict[Literal["email", "sms", "call"], bool],
        Meta(description="Whether a provider is enabled; all are by default."),
    ] = msgspec.field(default_factory=dict[Literal["email", "sms", "call"], bool])
    requests: Annotated[
        list[dict[str, Any]],
        Meta(
            description="Further calls of the Management API to make first, in order: method, "
            "pathname, body."
        ),
    ] = msgspec.field(default_factory=list[dict[str, Any]])


class ExpectedError(Part):
    """Why the flow fails."""

    code: Any = UNSET
    message: Any = UNSET
    step: Any = UNSET


class ExpectedTenant(Part):
    """What the embedded tenant has after the flow ran."""

    users: Annotated[
        list[dict[str, Any]],
        Meta(description="Users found by user_id or email; other keys must match."),
    ] = msgspec.field(default_factory=list[dict[str, Any]])
    no_users: Annotated[
        list[str], Meta(description="Ids or emails of users that must not be there.")
    ] = msgspec.field(default_factory=list[str])
    user_count: int | None = None


class Expected(Part):
    """What must hold after the run; what is left out is not looked at."""

    status: Literal["COMPLETED", "FAILED"] | None = None
    path: Annotated[
        list[str] | None, Meta(description="The ids of the steps that run, all of them, in order.")
    ] = None
    runs: Annotated[list[str], Meta(description="Ids of steps that must run.")] = msgspec.field(
        default_factory=list[str]
    )
    skips: Annotated[list[str], Meta(description="Ids of steps that must not run.")] = (
        msgspec.field(default_factory=list[str])
    )
    branches: Annotated[
        dict[str, Literal["then", "else"]],
        Meta(description="Which way conditions go, by their ids."),
    ] = msgspec.field(default_factory=dict[str, Literal["then", "else"]])
    params: Annotated[
        dict[str, Any], Meta(description="The resolved params of steps, by id; nothing is masked.")
    ] = msgspec.field(default_factory=dict[str, Any])
    outputs: Annotated[dict[str, Any], Meta(description="The outputs of steps, by id.")] = (
        msgspec.field(default_factory=dict[str, Any])
    )
    output: Annotated[
        Any | UnsetType, Meta(description="What the flow returns: of an error message, {message}.")
    ] = UNSET
    vars: Annotated[Any | UnsetType, Meta(description="The vars at the end.")] = UNSET
    error: Annotated[ExpectedError | None, Meta(description="Why it fails.")] = None
    messages: Annotated[
        list[dict[str, Any]] | None,
        Meta(
            description="What is queued, in order: channel (email, sms, call), to, subject, html, "
            "text, from."
        ),
    ] = None
    requests: Annotated[
        list[dict[str, Any]] | None,
        Meta(description="The HTTP requests, in order: method, url, headers, body."),
    ] = None
    tenant_calls: Annotated[
        list[dict[str, Any]] | None,
        Meta(description="The Management API calls, in order: method, pathname, body, status."),
    ] = None
    tenant: Annotated[ExpectedTenant, Meta(description="The tenant afterwards.")] = msgspec.field(
        default_factory=ExpectedTenant
    )


class Case(Part):
    """One run of a flow, and what must come of it."""

    name: Annotated[
        str, Meta(min_length=1, description="One sentence; {key} takes a value of for_each.")
    ]
    flow: Annotated[str | None, Meta(description="In place of the file's.")] = None
    context: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    fields: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    vars: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    clock: Annotated[
        str, Meta(description="Where the clock stands, like 2026-01-01T12:00:00Z.")
    ] = "2026-01-01T12:00:00Z"
    seed: Annotated[int, Meta(description="What uuid, random and one-time codes come from.")] = 0
    tenant: Tenant = msgspec.field(default_factory=Tenant)
    connections: Annotated[
        dict[str, Any],
        Meta(description="Vault connections by name: app_id and setup; others are made up."),
    ] = msgspec.field(default_factory=dict[str, Any])
    mocks: Mocking = msgspec.field(default_factory=Mocking)
    expect: Expected = msgspec.field(default_factory=Expected)
    snapshot: Annotated[
        bool, Meta(description="Keep path, params, outputs and messages, and compare later runs.")
    ] = False
    skip: Annotated[str | None, Meta(description="Why this case is not run.")] = None
    for_each: Annotated[
        list[dict[str, Any]] | None,
        Meta(
            description="Run once for each row; ${key} takes the row's value anywhere in the case."
        ),
    ] = None


class CaseFile(Part):
    """The cases of one flow: ``welcome.test.yaml`` beside ``welcome.json``."""

    cases: Annotated[list[Case], Meta(min_length=1)]
    flow: Annotated[
        str | None,
        Meta(description="The flow's file, from here; the file of the same name without it."),
    ] = None
    flow_name: Annotated[
        str | None, Meta(description="Which flow of an export or a folder, by name or token.")
    ] = None
    defaults: Annotated[
        dict[str, Any], Meta(description="What every case has; its own values come on top.")
    ] = msgspec.field(default_factory=dict[str, Any])


def case_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of cases, for editors."""
    schema = msgspec.json.schema(CaseFile)
    definitions = schema.pop("$defs")
    name = schema.pop("$ref").rpartition("/")[2]
    own = definitions.pop(name)
    for definition in definitions.values():
        properties = definition.get("properties", {})
        for key, value in properties.items():
            properties[key] = _or_row_value(value)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **own,
        "title": "Sluiceway flow tests",
        "$defs": definitions,
    }


def _or_row_value(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow ``${key}``, which takes a row's value, where a text would not fit."""
    if "enum" not in schema and schema.get("type") not in {"integer", "number", "boolean"}:
        return schema
    kept: dict[str, Any] = {key: schema[key] for key in ("description", "default") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in kept}
    row_value = {"type": "string", "pattern": r"^\$\{\w+\}$"}
    return {"anyOf": [rest, row_value], **kept}
