"""Who is let in: tokens, scopes, sessions, limits; and how refusals look."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from sluiceway.api.app import build_app
from sluiceway.api.route import Route
from sluiceway.api.routes import load_routes
from sluiceway.management.jws import encode_base64url, generate_key, sign
from sluiceway.management.scopes import ALL_SCOPES

if TYPE_CHECKING:
    from tests.conftest import Answer, Door

FORM = {"content-type": "application/x-www-form-urlencoded"}
AUDIENCE = "https://localhost:4080/api/v2/"
GUARDED = [route for route in load_routes() if not route.is_open]


def path_of(route: Route) -> str:
    return "/".join("x" if part.startswith("{") else part for part in route.path.split("/"))


def token_with(door: Door, scopes: list[str]) -> str:
    return door.run(door.services.tenant.tokens.issue("test-client", scopes, AUDIENCE))


def test_no_route_answers_without_a_token(door: Door) -> None:
    for route in GUARDED:
        answer = door(route.method, path_of(route), signed_in=False)

        assert answer.status == 401, f"{route.method} {route.path}"
        assert answer.body == {
            "statusCode": 401,
            "error": "Unauthorized",
            "message": "Missing authentication",
            "attributes": {"error": "Missing authentication"},
        }


def call_with(door: Door, route: Route, scopes: list[str]) -> Answer:
    token = token_with(door, scopes)
    headers = {"authorization": f"Bearer {token}"}
    return door(route.method, path_of(route), headers=headers, signed_in=False)


def test_every_other_scope_is_not_enough(door: Door) -> None:
    for route in GUARDED:
        assert route.scopes, f"{route.method} {route.path} names no scope"
        others = [scope for scope in ALL_SCOPES if scope not in route.scopes]

        answer = call_with(door, route, others)

        assert answer.status == 403, f"{route.method} {route.path}"
        assert answer.body == {
            "statusCode": 403,
            "error": "Forbidden",
            "message": f"Insufficient scope, expected any of: {','.join(route.scopes)}",
            "errorCode": "insufficient_scope",
        }


def test_each_of_its_scopes_opens_a_route(door: Door) -> None:
    for route in GUARDED:
        for scope in route.scopes:
            answer = call_with(door, route, [scope])

            assert answer.status not in {401, 403, 500}, f"{route.method} {route.path} {scope}"


def claims(**changes: Any) -> dict[str, Any]:
    return {
        "iss": "https://localhost:4080/",
        "aud": AUDIENCE,
        "azp": "test-client",
        "scope": "read:users",
        "iat": 1,
        "exp": 32_503_680_000,
        **changes,
    }


def compact(header: dict[str, Any], body: dict[str, Any], signature: bytes) -> str:
    parts = [encode_base64url(json.dumps(part).encode()) for part in (header, body)]
    return ".".join([*parts, encode_base64url(signature)])


def forged(door: Door, attack: str) -> str:
    key = door.run(door.services.tenant.keys.current())
    other = generate_key(key.kid)
    header = {"alg": "RS256", "kid": key.kid, "typ": "JWT"}
    modulus = key.as_jwk()["n"]
    public = base64.urlsafe_b64decode(str(modulus) + "==")
    text = ".".join(
        encode_base64url(json.dumps(part).encode())
        for part in ({**header, "alg": "HS256"}, claims())
    )
    mac = hmac.digest(public, text.encode(), hashlib.sha256)
    good = sign(claims(), key)
    attacks = {
        "no signature": compact({**header, "alg": "none"}, claims(), b""),
        "no signature, other case": compact({**header, "alg": "NoNe"}, claims(), b""),
        "HMAC with the public key": f"{text}.{encode_base64url(mac)}",
        "another key under our kid": sign(claims(), other),
        "a kid that is a path": compact({**header, "kid": "../../etc/passwd"}, claims(), b"x"),
        "a kid that is SQL": compact({**header, "kid": "' OR 1=1 --"}, claims(), b"x"),
        "a kid that is a number": compact({**header, "kid": 1}, claims(), b"x"),
        "no kid": compact({"alg": "RS256"}, claims(), b"x"),
        "another audience": sign(claims(aud="https://other.example/"), key),
        "no audience": sign({k: v for k, v in claims().items() if k != "aud"}, key),
        "another issuer": sign(claims(iss="https://other.example/"), key),
        "expired": sign(claims(exp=2), key),
        "no end": sign({k: v for k, v in claims().items() if k != "exp"}, key),
        "an end that is true": sign(claims(exp=True), key),
        "not good yet": sign(claims(nbf=32_503_680_000), key),
        "a changed claim": good.replace(
            good.split(".")[1], compact({}, claims(scope="x"), b"").split(".")[1]
        ),
        "a cut signature": good[:-4],
        "padding": good + "=",
        "critical extensions": compact({**header, "crit": ["x"]}, claims(), b"x"),
        "four parts": good + ".x",
        "not base64": "a.b!.c",
        "very long": "a" * 20_000 + ".b.c",
        "JSON that is no object": f"{encode_base64url(b'[]')}.{encode_base64url(b'[]')}.x",
    }
    return attacks[attack]


@pytest.mark.parametrize(
    "attack",
    [
        "no signature",
        "no signature, other case",
        "HMAC with the public key",
        "another key under our kid",
        "a kid that is a path",
        "a kid that is SQL",
        "a kid that is a number",
        "no kid",
        "another audience",
        "no audience",
        "another issuer",
        "expired",
        "no end",
        "an end that is true",
        "not good yet",
        "a changed claim",
        "a cut signature",
        "padding",
        "critical extensions",
        "four parts",
        "not base64",
        "very long",
        "JSON that is no object",
    ],
)
def test_forged_tokens_are_refused(door: Door, attack: str) -> None:
    token = forged(door, attack)

    answer = door(
        "GET", "/api/v2/users", headers={"authorization": f"Bearer {token}"}, signed_in=False
    )

    assert answer.status == 401
    assert answer.body["message"] == "Invalid token"


def test_a_good_token_made_the_same_way_is_taken(door: Door) -> None:
    key = door.run(door.services.tenant.keys.current())
    token = sign(claims(), key)

    answer = door(
        "GET", "/api/v2/users", headers={"authorization": f"Bearer {token}"}, signed_in=False
    )

    assert answer.status == 200


def test_tokens_of_a_rotated_key_stay_good_until_it_is_revoked(door: Door) -> None:
    kid = door("GET", "/api/v2/keys/signing").body[0]["kid"]

    assert door("POST", "/api/v2/keys/signing/rotate").status == 201
    assert door("GET", "/api/v2/flows").status == 200
    keys = door("GET", "/.well-known/jwks.json", signed_in=False).body["keys"]
    assert len(keys) == 2
    assert "d" not in keys[0]
    assert door("PUT", f"/api/v2/keys/signing/{kid}/revoke").status == 200
    assert door("GET", "/api/v2/flows").status == 401


def test_the_current_key_cannot_be_revoked(door: Door) -> None:
    kid = door("GET", "/api/v2/keys/signing").body[0]["kid"]

    assert door("PUT", f"/api/v2/keys/signing/{kid}/revoke").status == 409


def sign_in(door: Door) -> tuple[str, str]:
    answer = door(
        "POST",
        "/sluiceway/v1/session",
        {"client_id": "test-client", "client_secret": "test-secret-of-the-first-client"},
        signed_in=False,
    )
    assert answer.status == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    return cookie.partition(";")[0], answer.body["csrf_token"]


def test_a_session_reads_and_writes_with_its_csrf_token(door: Door) -> None:
    cookie, csrf = sign_in(door)
    flow = {"name": "By cookie"}

    read = door("GET", "/api/v2/flows", headers={"cookie": cookie}, signed_in=False)
    bare = door("POST", "/api/v2/flows", flow, headers={"cookie": cookie}, signed_in=False)
    wrong = {"cookie": cookie, "x-csrf-token": "0" * 64}
    refused = door("POST", "/api/v2/flows", flow, headers=wrong, signed_in=False)
    right = {"cookie": cookie, "x-csrf-token": csrf}
    written = door("POST", "/api/v2/flows", flow, headers=right, signed_in=False)

    assert [read.status, bare.status, refused.status, written.status] == [200, 403, 403, 201]
    assert bare.body["errorCode"] == "invalid_csrf"


def test_signing_out_ends_the_session(door: Door) -> None:
    cookie, csrf = sign_in(door)
    headers = {"cookie": cookie, "x-csrf-token": csrf}

    assert door("DELETE", "/sluiceway/v1/session", headers=headers, signed_in=False).status == 204
    assert door("GET", "/api/v2/flows", headers={"cookie": cookie}, signed_in=False).status == 401


@pytest.mark.parametrize(
    ("development", "host", "address", "extra", "status"),
    [
        pytest.param(True, "localhost:4080", "127.0.0.1", {}, 200, id="a browser here"),
        pytest.param(False, "localhost:4080", "127.0.0.1", {}, 401, id="not in development"),
        pytest.param(True, "evil.example", "127.0.0.1", {}, 401, id="a name that resolves here"),
        pytest.param(
            True, "localhost:4080", "127.0.0.1", {"x-forwarded-for": "1.2.3.4"}, 401, id="a proxy"
        ),
        pytest.param(
            True,
            "localhost:4080",
            "127.0.0.1",
            {"sec-fetch-site": "cross-site"},
            401,
            id="another site's page",
        ),
    ],
)
def test_development_signs_in_only_browsers_of_this_machine(
    door: Door,
    *,
    development: bool,
    host: str,
    address: str,
    extra: dict[str, str],
    status: int,
) -> None:
    del address
    door.app = build_app(
        replace(door.services, is_development=development, console_client_id="test-client")
    )

    answer = door("GET", "/sluiceway/v1/session", headers={"host": host, **extra}, signed_in=False)

    assert answer.status == status


def test_the_tenants_rate_limit_answers_429_with_auth0s_headers(door: Door) -> None:
    door.app = build_app(replace(door.services, rate_limit=(0.001, 2)))

    answers = [door("GET", "/api/v2/flows") for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[0].headers["x-ratelimit-limit"] == "2"
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert int(answers[2].headers["x-ratelimit-reset"]) > 1_700_000_000
    assert answers[2].body == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/nope"),
        ("GET", "/api/v2"),
        ("PUT", "/api/v2/flows"),
        ("DELETE", "/api/v2/flows"),
        ("POST", "/api/v2/users/auth0%7Cx"),
        ("GET", "/sluiceway/v1/nope"),
        ("POST", "/api/v2/forms"),
        ("GET", "/api/v2/grants"),
        ("TRACE", "/api/v2/flows"),
    ],
)
def test_what_is_not_offered_is_404_in_auth0s_envelope(door: Door, method: str, path: str) -> None:
    answer = door(method, path)

    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.body == {"statusCode": 404, "error": "Not Found", "message": "Not Found"}


@pytest.mark.parametrize(
    "raw",
    [b"{", b"nope", b'{"name": "\xff"}', b'{"a":NaN}', b'{"name":"\\ud800"}', b"[" * 5000],
    ids=["cut", "a word", "not UTF-8", "NaN", "half a surrogate", "deep"],
)
def test_bad_json_is_refused(door: Door, raw: bytes) -> None:
    answer = door("POST", "/api/v2/flows", raw=raw)

    assert answer.status == 400
    assert answer.body == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Invalid request payload JSON format",
    }


def test_a_body_over_the_limit_is_refused(door: Door) -> None:
    answer = door("POST", "/api/v2/flows", raw=b'{"name":"' + b"x" * 5_000_000 + b'"}')

    assert answer.status == 413
    assert answer.body["error"] == "Request Entity Too Large"


def test_other_media_types_are_refused(door: Door) -> None:
    answer = door("POST", "/api/v2/flows", raw=b"<x/>", headers={"content-type": "text/xml"})

    assert answer.status == 415


def test_forms_are_read_with_the_types_of_the_schema(door: Door) -> None:
    body = (
        b"connection=Username-Password-Authentication&email=f%40example.com&password=secret1"
        b"&email_verified=true&user_metadata[a]=b&app_metadata=%7B%22n%22%3A1%7D"
    )

    answer = door("POST", "/api/v2/users", raw=body, headers=FORM)

    assert answer.status == 201
    assert answer.body["email_verified"] is True
    assert answer.body["user_metadata"] == {"a": "b"}
    assert answer.body["app_metadata"] == {"n": 1}


def test_a_flow_comes_as_a_form_in_brackets_or_as_json_in_a_member(door: Door) -> None:
    actions = [
        {
            "id": "store_a1b2",
            "type": "FLOW",
            "action": "STORE_VARS",
            "allow_failure": True,
            "params": {"vars": {"greeting": "hello"}},
        }
    ]
    in_brackets = {
        "name": "F",
        "actions[0][id]": "store_a1b2",
        "actions[0][type]": "FLOW",
        "actions[0][action]": "STORE_VARS",
        "actions[0][allow_failure]": "true",
        "actions[0][params][vars][greeting]": "hello",
    }
    in_a_member = {"name": "F", "actions": json.dumps(actions)}

    for form in (in_brackets, in_a_member):
        made = door("POST", "/api/v2/flows", raw=urlencode(form).encode(), headers=FORM)
        assert made.status == 201, made.body
        assert made.body["actions"] == actions
        path = f"/api/v2/flows/{made.body['id']}"
        renamed = door("PATCH", path, raw=b"name=G", headers=FORM)
        assert (renamed.body["name"], renamed.body["actions"]) == ("G", actions)


@pytest.mark.parametrize(
    "form", [b"scope[]=a&scope[]=b", b"scope=a&scope=b", b"scope[0]=a&scope[1]=b"]
)
def test_lists_come_as_forms_in_each_usual_way(door: Door, form: bytes) -> None:
    client = door("POST", "/api/v2/clients", {"name": "C"}).body["client_id"]
    base = urlencode({"client_id": client, "audience": AUDIENCE}).encode()

    made = door("POST", "/api/v2/client-grants", raw=base + b"&" + form, headers=FORM)

    assert made.body["scope"] == ["a", "b"]


def test_path_parameters_have_auth0s_limits(door: Door) -> None:
    answer = door("GET", f"/api/v2/flows/{'a' * 31}")
    unknown = door("GET", "/api/v2/email-templates/nope")

    assert answer.body == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": (
            "Path validation error: 'String is too long (31 chars), maximum 30' on property id "
            "(Flow identifier)."
        ),
        "errorCode": "invalid_uri",
    }
    assert unknown.body["message"] == (
        "Path validation error: 'No enum match for: nope' on property templateName."
    )


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        (
            "/api/v2/flows",
            {"page": "1001"},
            (
                "Query validation error: 'Value 1001 is greater than maximum 1000' on property "
                "page "
                "(Page index of the results to return. First page is 0)."
            ),
        ),
        (
            "/api/v2/flows",
            {"per_page": "0"},
            (
                "Query validation error: 'Value 0 is less than minimum 1' on property per_page "
                "(Number of results per page. Defaults to 50)."
            ),
        ),
        (
            "/api/v2/flows",
            {"include_totals": "maybe"},
            (
                "Query validation error: 'Expected type boolean but found type string' on property "
                "include_totals (Return results inside an object that contains the total result "
                "count "
                "(true) or as a direct array of results (false, default))."
            ),
        ),
        (
            "/api/v2/flows",
            {"hydrate": "actions"},
            (
                "Query validation error: 'No enum match for: actions' on property hydrate "
                "(hydration param)."
            ),
        ),
        (
            "/api/v2/emails/provider",
            {"fields": "nope"},
            (
                "Query validation error: 'String does not match pattern ^((name)|(enabled)|"
                "(credentials)|(settings)|(default_from_address))(,((name)|(enabled)|(credentials)|"
                "(settings)|(default_from_address)))*$: nope' on property fields "
                "(Comma-separated list of fields "
                "to include or exclude (dependent upon include_fields) from the result. Leave "
                "empty to "
                "retrieve `name` and `enabled`. Additional fields available include `credentials`, "
                "`default_from_address`, and `settings`)."
            ),
        ),
        (
            "/api/v2/users-by-email",
            {},
            "Query validation error: 'Missing required property: email'.",
        ),
    ],
)
def test_the_query_has_auth0s_limits(
    door: Door, path: str, query: dict[str, str], message: str
) -> None:
    answer = door("GET", path, query=query)

    assert answer.status == 400
    assert answer.body["message"] == message
    assert answer.body["errorCode"] == "invalid_query_string"


def test_deleting_what_is_not_there_is_as_auth0_declares_it(door: Door) -> None:
    flow = door("POST", "/api/v2/flows", {"name": "F"}).body["id"]

    statuses = {
        path: door("DELETE", f"/api/v2{path}").status
        for path in (
            "/flows/af_nobody",
            f"/flows/{flow}/executions/afe_nobody",
            "/flows/vault/connections/ac_nobody",
            "/users/auth0%7Cnobody",
            "/branding/phone/providers/pro_nobody",
            "/branding/phone/templates/tem_nobody",
            "/clients/nobody",
        )
    }

    assert list(statuses.values()) == [404, 204, 204, 204, 404, 404, 204]


def test_changes_are_kept_in_the_audit_log(door: Door) -> None:
    door("POST", "/api/v2/flows", {"name": "Audited"})

    entries = door("GET", "/sluiceway/v1/audit").body["entries"]

    assert entries[0]["actor"] == "client:test-client"
    assert entries[0]["action"] == "POST /api/v2/flows"


def test_a_token_for_a_part_of_users_changes_that_part_only(door: Door) -> None:
    connection = "Username-Password-Authentication"
    body = {"connection": connection, "email": "ada@example.com", "password": "A-long-passw0rd"}
    user = door("POST", "/api/v2/users", body).body["user_id"].replace("|", "%7C")

    def change(scope: str, body: dict[str, Any]) -> int:
        headers = {"authorization": f"Bearer {token_with(door, [scope])}"}
        path = f"/api/v2/users/{user}"
        return door("PATCH", path, body, headers=headers, signed_in=False).status

    metadata = {"user_metadata": {"color": "red"}}
    flags = {"app_metadata": {"plan": "free"}}
    assert change("update:users_app_metadata", flags) == 200
    assert change("update:users_app_metadata", {**flags, **metadata}) == 403
    assert change("update:current_user_metadata", metadata) == 200
    assert change("update:current_user_metadata", {"password": "Another-passw0rd"}) == 403
    assert change("update:users", {**flags, **metadata}) == 200


def test_a_summary_of_clients_is_all_that_its_scope_shows(door: Door) -> None:
    headers = {"authorization": f"Bearer {token_with(door, ['read:client_summary'])}"}
    made = door("POST", "/api/v2/clients", {"name": "Shop", "app_type": "spa"}).body

    path = f"/api/v2/clients/{made['client_id']}"
    one = door("GET", path, headers=headers, signed_in=False).body
    listed = door("GET", "/api/v2/clients", headers=headers, signed_in=False).body

    assert one == {"client_id": made["client_id"], "name": "Shop", "app_type": "spa"}
    assert one in listed
    assert door("GET", "/api/v2/clients", query={"per_page": 0}).body == []
