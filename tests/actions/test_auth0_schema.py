"""Every action's params are those of Auth0's OpenAPI: names, required ones, limits and choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluiceway.actions.base import ActionSpec, OpenParams
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.actions.schemas import params_schema

FILE = Path(__file__).parents[3] / "shared" / "openapi" / "auth0-subset.json"
SPECS = InstalledActions().all()
LIMITS = ("minLength", "maxLength", "minimum", "maximum", "minItems")
ON_PURPOSE = {("JWT/VERIFY_JWT", "token"): "100 is shorter than any signed token"}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.exists(), reason="needs ../shared/openapi, which is not here"),
]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))["components"]["schemas"]
    return found


def _pascal(*words: str) -> str:
    return "".join(part.capitalize() for word in words for part in word.split("_"))


def _flat(schema: Any, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the choices that a schema gives, references followed, null left out."""
    if "$ref" in schema:
        return _flat(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        return [one for choice in choices for one in _flat(choice, definitions)]
    return [] if schema.get("type") == "null" else [schema]


def _summary(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return what of a param's schema decides which values fit."""
    found: dict[str, Any] = {"types": set(), "limits": {}, "enum": None}
    for choice in _flat(schema, definitions):
        enum = choice.get("enum")
        if enum:
            found["enum"] = sorted(one for one in enum if one is not None)
        kind = choice.get("type", "string" if enum else "any")
        found["types"] |= {"number" if kind == "integer" and not found["enum"] else kind}
        for name in LIMITS:
            if name in choice:
                found["limits"][kind, name] = choice[name]
    found["types"].discard("null")
    return found


def _theirs(spec: ActionSpec[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schemas[f"FlowAction{_pascal(spec.type_, spec.action)}Params"]
    return found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_params_have_the_same_names(spec: ActionSpec[Any], schemas: dict[str, Any]) -> None:
    theirs = _theirs(spec, schemas)
    ours: Any = params_schema(spec.params)
    if "oneOf" in theirs:
        # Mailjet: content, or a template with variables; the connection is not in the schema.
        names = {name for choice in theirs["oneOf"] for name in choice["properties"]}
        assert set(ours["properties"]) == names | {"connection_id"}
        return

    assert set(ours.get("properties", ())) == set(theirs.get("properties", ()))
    assert set(ours.get("required", ())) == set(theirs.get("required", ()))
    assert issubclass(spec.params, OpenParams) is (theirs["additionalProperties"] is True)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_params_have_the_same_limits(spec: ActionSpec[Any], schemas: dict[str, Any]) -> None:
    theirs = _theirs(spec, schemas)
    ours: Any = params_schema(spec.params)
    for name, wanted in theirs.get("properties", {}).items():
        if name == "connection_id" or (spec.name, name) in ON_PURPOSE:
            continue
        ours_of, theirs_of = (
            _summary(ours["properties"][name], ours.get("$defs", {})),
            _summary(wanted, schemas),
        )
        assert ours_of["enum"] == theirs_of["enum"], name
        assert theirs_of["limits"].items() <= ours_of["limits"].items(), name
        # What Auth0 lets be empty and never works, like the id of a user, may not be empty here.
        more = set(ours_of["limits"].items()) - set(theirs_of["limits"].items())
        assert more <= {(("string", "minLength"), 1)}, name
        if "any" not in theirs_of["types"]:
            assert ours_of["types"] == theirs_of["types"], name


def test_all_the_actions_of_the_api_are_offered_or_known(schemas: dict[str, Any]) -> None:
    named = set()
    for schema in schemas.values():
        properties = schema.get("properties", {})
        type_, action = properties.get("type", {}), properties.get("action", {})
        if schema.get("additionalProperties") is False and "params" in properties and type_:
            named.add((type_["enum"][0], action["enum"][0]))

    assert named == {(spec.type_, spec.action) for spec in SPECS} | NOT_OFFERED
