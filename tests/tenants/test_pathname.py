"""A request goes to a path of its own tenant, and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import InvalidActionParams
from sluiceway.tenants.pathname import check_headers, check_pathname

REFUSED = [
    "",
    "api/v2/users",
    "https://evil.example/",
    "https:/evil.example",
    "//evil.example/api/v2/users",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/api/v2/../../oauth/token",
    "/api/v2/users/..",
    "/api/v2/./users",
    "/..",
    "/.",
    "/api/v2/%2e%2e/oauth/token",
    "/api/v2/%2E%2e/x",
    "/api/v2/.%2e/x",
    "/api/v2/%252e%252e/x",
    "/api/v2/..;/x",
    "/api/v2/..;a=b/x",
    "/api/v2/users%2f..%2fclients",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/api/v2/users%5c..%5cclients",
    "/api/v2/users/a\\b",
    "/api/v2/users?q=1",
    "/api/v2/users#x",
    "/api/v2/users\r\nHost: evil",
    "/api/v2/users%0d%0aHost:%20evil",
    "/api/v2/users%250d%250ax",
    "/api/v2/\x00",
    "/api/v2/%00",
    "/api/v2/\x7f",
    "/api/v2/\x85",
    "@evil.example/",
    ":80@evil.example/",
    " /api/v2/users",
    "\t/api/v2/users",
]


@pytest.mark.parametrize("pathname", REFUSED)
def test_what_leads_elsewhere_is_refused(pathname: str) -> None:
    with pytest.raises(InvalidActionParams) as caught:
        check_pathname(pathname)

    assert caught.value.hint.startswith("Write an absolute path")


@pytest.mark.parametrize(
    ("pathname", "sent"),
    [
        ("/api/v2/users", "/api/v2/users"),
        ("/api/v2/users/auth0%7C123", "/api/v2/users/auth0%7C123"),
        ("/api/v2/users/auth0|123", "/api/v2/users/auth0%7C123"),
        ("/api/v2/organizations/name/größe", "/api/v2/organizations/name/gr%C3%B6%C3%9Fe"),
        ("/api/v2/users/a b", "/api/v2/users/a%20b"),
        ("/api/v2/users/a%2Fb", "/api/v2/users/a%2Fb"),
        ("/api/v2/users/...", "/api/v2/users/..."),
        ("/api/v2/users/..a", "/api/v2/users/..a"),
        ("/api/v2/users/ad%7CCORP%5Cann", "/api/v2/users/ad%7CCORP%5Cann"),
        ("/userinfo", "/userinfo"),
        ("/", "/"),
    ],
)
def test_what_stays_is_encoded_where_it_has_to_be(pathname: str, sent: str) -> None:
    assert check_pathname(pathname) == sent


@given(st.text(max_size=60) | st.text("/.%2eE5cCfF\\?#;:@a", max_size=30).map("/".__add__))
def test_whatever_passes_stays_on_the_tenant_and_has_no_dot_segments(pathname: str) -> None:
    try:
        sent = check_pathname(pathname)
    except InvalidActionParams:
        return
    parts = urlsplit(f"https://tenant.example{sent}")

    assert (parts.netloc, parts.query, parts.fragment) == ("tenant.example", "", "")
    assert sent.isascii()
    for decoded in (sent, unquote(sent), unquote(unquote(sent))):
        assert not {".", ".."} & set(re.split(r"[/\\]", decoded))
        assert not decoded.startswith(("//", "/\\"))
    assert "\\" not in sent


@pytest.mark.parametrize(
    "headers",
    [
        {"x\r\ny": "z"},
        {"x y": "z"},
        {"": "z"},
        {"x:": "z"},
        {"x": "a\r\nb: c"},
        {"x": "a\nb"},
        {"x": "\x00"},
        {"x": "\x85"},
        {"x": "ключ"},
        {"Authorization": "Bearer other"},
        {"HOST": "evil.example"},
        {"content-length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"proxy-authorization": "x"},
        {"connection": "close"},
        {"upgrade": "h2c"},
    ],
)
def test_a_header_that_could_smuggle_or_override_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidActionParams):
        check_headers(headers)


def test_other_headers_pass_with_lower_case_names() -> None:
    given_headers = {"X-Trace": "a\tb", "Accept-Language": "de", "x-city": "Köln"}

    assert check_headers(given_headers) == {
        "x-trace": "a\tb",
        "accept-language": "de",
        "x-city": "Köln",
    }
