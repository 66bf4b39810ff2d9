"""Flows for the checks' tests, short to write."""

from __future__ import annotations

from typing import Any


def action(name: str, id_: str = "step", **params: Any) -> dict[str, Any]:
    type_, _, action_ = name.partition("/")
    return {"id": id_, "type": type_, "action": action_, "params": params}


def store(id_: str = "store", **values: Any) -> dict[str, Any]:
    return action("FLOW/STORE_VARS", id_, vars=values)


def update(id_: str = "update", **changes: Any) -> dict[str, Any]:
    return action(
        "AUTH0/UPDATE_USER",
        id_,
        connection_id="local",
        user_id="{{context.user.user_id}}",
        changes=changes,
    )


def get(id_: str = "get", **more: Any) -> dict[str, Any]:
    return {**action("AUTH0/GET_USER", id_, connection_id="local", user_id="auth0|1"), **more}


def error(id_: str = "error", message: str = "No.") -> dict[str, Any]:
    return action("FLOW/ERROR_MESSAGE", id_, message=message)


def when(
    left: Any, right: Any = "true", *, id_: str = "if", operator: str = "EQ", **branches: Any
) -> dict[str, Any]:
    comparison = {"operator": operator, "operands": [left, right]}
    condition = {"operator": "AND", "operands": [comparison]}
    if "otherwise" in branches:
        branches["else"] = branches.pop("otherwise")
    return action("FLOW/BOOLEAN_CONDITION", id_, **{"if": condition, **branches})


def email(id_: str = "mail", **params: Any) -> dict[str, Any]:
    return action(
        "AUTH0/SEND_EMAIL", id_, **{"to": "a@b.example", "subject": "Hi", "body": "Hi", **params}
    )
