"""EMAIL/VERIFY_EMAIL: the rules, their order, and the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.actions.email._domains import is_disposable, is_free
from sluiceway.errors import InvalidActionParams, TargetUnreachable

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "EMAIL/VERIFY_EMAIL"
FINE = {"valid": True, "cause": None}


def _verify(bench: Workbench, email: str, **rules: Any) -> Any:
    bench.mail_hosts = {"acme.example": ("mx.acme.example",), "xn--bcher-kva.example": ("mx",)}
    return bench.run(NAME, {"email": email, **({"rules": rules} if rules else {})})


@pytest.mark.parametrize(
    ("email", "rules", "cause"),
    [
        ("ada@acme.example", {}, None),
        ("ada@acme.example", {"require_mx_record": True}, None),
        ("ada@ACME.example", {"require_mx_record": True}, None),
        ("ada@bücher.example", {"require_mx_record": True}, None),
        ("ada@other.example", {"require_mx_record": True}, "MISSING_MX_RECORD"),
        ("ada@other.example", {"require_mx_record": False}, None),
        ("ada@gmail.com", {"block_free_emails": True}, "FREE_EMAIL"),
        ("ada@GMail.com", {"block_free_emails": True}, "FREE_EMAIL"),
        ("ada@hotmail.com", {"block_free_emails": True}, "FREE_EMAIL"),
        ("ada@proton.me", {"block_free_emails": True}, "FREE_EMAIL"),
        ("ada@acme.example", {"block_free_emails": True}, None),
        ("ada@gmail.com", {"block_free_emails": False}, None),
        ("ada@mailinator.com", {"block_disposable_emails": True}, "DISPOSABLE_EMAIL"),
        ("ada@maildrop.cc", {"block_disposable_emails": True}, "DISPOSABLE_EMAIL"),
        ("ada@sub.yopmail.com", {"block_disposable_emails": True}, "DISPOSABLE_EMAIL"),
        ("ada@gmail.com", {"block_disposable_emails": True}, None),
        ("ada@mailinator.com", {}, None),
        ("jane.doe+alias@gmail.com", {"block_aliases": True}, "ALIAS_EMAIL"),
        ("jane.doe@gmail.com", {"block_aliases": True}, None),
        ("jane.doe+alias@gmail.com", {}, None),
        ("ada@acme.example", {"blocklist": ["acme.example"]}, "BLOCKLISTED"),
        ("ada@acme.example", {"blocklist": [" @Acme.Example "]}, "BLOCKLISTED"),
        ("ada@acme.example", {"blocklist": ["ada@acme.example"]}, "BLOCKLISTED"),
        ("bob@acme.example", {"blocklist": ["ada@acme.example"]}, None),
        ("ada@sub.acme.example", {"blocklist": ["acme.example"]}, None),
        ("ada@notacme.example", {"blocklist": ["acme.example", ""]}, None),
        ("ada@bücher.example", {"blocklist": ["xn--bcher-kva.example"]}, "BLOCKLISTED"),
        ("ada@acme.example", {"allowlist": ["acme.example", "b.example"]}, None),
        ("ada@other.example", {"allowlist": ["acme.example"]}, "NOT_ALLOWED"),
        ("ada@other.example", {"allowlist": []}, None),
        ("ada@other.example", {"allowlist": None, "blocklist": None}, None),
        ("ada", {}, "INVALID_EMAIL"),
        ("", {}, "INVALID_EMAIL"),
        ("ada@", {"block_free_emails": True}, "INVALID_EMAIL"),
        ("@acme.example", {}, "INVALID_EMAIL"),
        ("ada@acme..example", {}, "INVALID_EMAIL"),
        ("a b@acme.example", {}, "INVALID_EMAIL"),
        (" ada@acme.example ", {}, None),
    ],
)
def test_each_rule(bench: Workbench, email: str, rules: dict[str, Any], cause: str | None) -> None:
    assert _verify(bench, email, **rules) == {"valid": cause is None, "cause": cause}


def test_the_first_rule_that_is_not_met_is_the_cause(bench: Workbench) -> None:
    rules: dict[str, Any] = {
        "require_mx_record": True,
        "block_free_emails": True,
        "block_disposable_emails": True,
        "block_aliases": True,
        "blocklist": ["0-mail.com"],
        "allowlist": ["acme.example"],
    }
    causes = []
    # A domain that is on both kept lists, so that every rule speaks against it.
    assert is_free("0-mail.com")
    assert is_disposable("0-mail.com")
    for name in list(rules):
        causes.append(_verify(bench, "a+b@0-mail.com", **rules)["cause"])
        del rules[name]

    assert causes == [
        "MISSING_MX_RECORD",
        "FREE_EMAIL",
        "DISPOSABLE_EMAIL",
        "ALIAS_EMAIL",
        "BLOCKLISTED",
        "NOT_ALLOWED",
    ]
    assert _verify(bench, "a+b@0-mail.com") == FINE


def test_no_answer_from_name_servers_is_no_verdict(bench: Workbench) -> None:
    params = {"email": "ada@acme.example", "rules": {"require_mx_record": True}}
    bench.mail_hosts = {"acme.example": TargetUnreachable("no name server")}

    with pytest.raises(TargetUnreachable):
        bench.run(NAME, params)


def test_name_servers_are_only_asked_where_a_rule_wants_it(bench: Workbench) -> None:
    bench.mail_hosts = {"gmail.com": TargetUnreachable("not to be asked")}

    assert bench.run(NAME, {"email": "ada@gmail.com", "rules": {"block_free_emails": True}}) == {
        "valid": False,
        "cause": "FREE_EMAIL",
    }


@pytest.mark.parametrize(
    "rules",
    [{"require_mx": True}, {"blocklist": "acme.example"}, {"blocklist": [1]}, {"block_aliases": 1}],
)
def test_the_rules_are_closed(bench: Workbench, rules: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        _verify(bench, "ada@acme.example", **rules)
