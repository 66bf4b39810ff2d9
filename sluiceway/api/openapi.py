"""The OpenAPI 3.1 document of our own API, made from the routes' declarations."""

from __future__ import annotations

import re
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from sluiceway.api.route import JSON_AND_FORM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.api.route import Param, Route
    from sluiceway.models.json import JsonArray, JsonObject

__all__ = ["build_document"]

_VARIABLE: Final = re.compile(r"\{(\w+)\}")
_ERROR: Final[JsonObject] = {
    "type": "object",
    "required": ["statusCode", "error", "message"],
    "properties": {
        "statusCode": {"type": "integer"},
        "error": {"type": "string"},
        "message": {"type": "string"},
        "errorCode": {"type": "string"},
        "attributes": {"type": "object"},
    },
}
_OAUTH_ERROR: Final[JsonObject] = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}


def build_document(routes: Iterable[Route], *, server: str) -> JsonObject:
    """Return the document of *routes*; *server* is the URL that clients reach us by."""
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sluiceway",
            "version": version("sluiceway"),
            "summary": "Start and watch executions of flows; the rest of a tenant is at /api/v2.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR, "OAuthError": _OAUTH_ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(route: Route) -> JsonObject:
    operation: JsonObject = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.tag or "other"],
        "responses": _responses(route),
    }
    parameters: JsonArray = [_path_parameter(name, route) for name in _VARIABLE.findall(route.path)]
    parameters += [_parameter(param) for param in route.query]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        types = JSON_AND_FORM if route.path.startswith(("/api/v2", "/oauth")) else JSON_AND_FORM[:1]
        content: JsonObject = {name: {"schema": route.body.document} for name in types}
        operation["requestBody"] = {"required": True, "content": content}
    if not route.is_open:
        operation["security"] = [{"bearer": list(route.scopes)}]
    return operation


def _operation_id(route: Route) -> str:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", route.path) if word]
    return "_".join([route.method.lower(), *words])


def _path_parameter(name: str, route: Route) -> JsonObject:
    schema: JsonObject = {"type": "string", "minLength": 1}
    for param in route.limits:
        if param.name == name:
            schema |= param.as_schema()
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(param: Param) -> JsonObject:
    one = param.as_schema()
    if param.default is not None:
        one["default"] = param.default
    shown: JsonObject = {
        "name": param.name,
        "in": "query",
        "required": param.is_required,
        "schema": {"type": "array", "items": one} if param.many else one,
    }
    if param.description:
        shown["description"] = param.description
    return shown


def _responses(route: Route) -> JsonObject:
    responses: JsonObject = {}
    if route.status == HTTPStatus.NO_CONTENT or not route.media:
        responses[str(route.status)] = {"description": "Done; there is no body"}
    elif route.media != "application/json":
        responses["200"] = {
            "description": route.summary,
            "content": {route.media: {"schema": {"type": "string"}}},
        }
    else:
        schema: JsonObject = route.response or {}
        for status in {route.status, 200 if route.status == HTTPStatus.ACCEPTED else route.status}:
            responses[str(status)] = {
                "description": "Success",
                "content": {"application/json": {"schema": schema}},
            }
    if route.may_be_empty:
        responses["204"] = {"description": "There is nothing (more) to show"}
    name = "OAuthError" if route.path == "/oauth/token" else "Error"
    error: JsonObject = {
        "description": "What was wrong",
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }
    return {**responses, "4XX": error, "503": error}
