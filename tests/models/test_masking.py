"""A secret is hidden by its text, however it was encoded and whatever stands around it."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.models.masking import MASK, Masker, mask_pointers, mask_secret_keys
from tests.pace import budget

CANARY = 'c4nary/+ "Grüße" <&> 9f3a77e1\\x'
ENCODINGS: dict[str, Any] = {
    "as it is": lambda s: s,
    "upper case": str.upper,
    "lower case": str.lower,
    "encodeURIComponent": lambda s: quote(s, safe="!'()*-._~"),
    "URL, slashes kept": quote,
    "URL, all": lambda s: quote(s, safe=""),
    "URL, lower-case digits": lambda s: quote(s, safe="").lower(),
    "form": quote_plus,
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON, not ASCII": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda s: json.dumps(json.dumps(s))[1:-1],
    "HTML": html.escape,
    "HTML as Liquid has it": lambda s: (
        html.escape(s, quote=False).replace('"', "&#34;").replace("'", "&#39;")
    ),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64, URL-safe": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 of JSON": lambda s: base64.b64encode(json.dumps(s).encode()).decode(),
    "hexadecimal": lambda s: s.encode().hex(),
    "hexadecimal, upper case": lambda s: s.encode().hex().upper(),
}

secrets = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=40).filter(
    lambda text: len(text.strip()) >= 4
)
around = st.text("xyz 09-_=&", max_size=12)


def masker_of(*values: Any) -> Masker:
    masker = Masker()
    for value in values:
        masker.add(value)
    return masker


def runs(text: str, length: int = 8) -> set[str]:
    return {text[i : i + length] for i in range(len(text) - length + 1)}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_canary_is_hidden_in_every_encoding(encoding: str) -> None:
    shown = masker_of(CANARY).apply_text(f"before {ENCODINGS[encoding](CANARY)} after")

    assert MASK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    # Quotes of JSON stay, and what base64 makes of them: they tell nothing.
    assert len(shown.replace(MASK, "")) <= len("before  after") + 8


@given(
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=60),
    before=st.binary(max_size=20),
    after=st.binary(max_size=20),
    encode=st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_base64_is_hidden_wherever_in_it_the_secret_stands(
    secret: str, before: bytes, after: bytes, encode: Callable[[bytes], bytes]
) -> None:
    data = secret.encode()
    encoded = encode(before + data + after).decode()
    # The characters all of whose six bits are the secret's.
    first, end = -(-8 * len(before) // 6), 8 * (len(before) + len(data)) // 6
    inner = encoded[first : end - 1]
    shown = masker_of(secret).apply_text(encoded)

    assert inner not in shown
    assert not runs(inner) & runs(shown) - runs(encoded[:first]) - runs(encoded[end:])


@given(secret=secrets, before=around, after=around, name=st.sampled_from(sorted(ENCODINGS)))
def test_no_eight_characters_of_an_encoded_secret_stay(
    secret: str, before: str, after: str, name: str
) -> None:
    encoded = ENCODINGS[name](secret)
    masker = masker_of(secret)

    for value in ({"a": [before + encoded + after]}, {before + encoded + after: 1}):
        shown = json.dumps(masker.apply(value), ensure_ascii=False)
        # The ends of what stands around the secret may look like its ends; its middle may not.
        middle = encoded[:-3] if "base64" in name else encoded
        assert not (runs(middle) & runs(shown) - runs(before) - runs(after))
        if name == "as it is" and secret not in before + after:
            assert secret not in shown


@given(secret=st.text("abcdefghij0123456789", min_size=12, max_size=60), data=st.data())
def test_every_part_of_eight_characters_is_hidden(secret: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) - 8))
    end = data.draw(st.integers(start + 8, len(secret)))

    assert masker_of(secret).apply_text(f"<{secret[start:end]}>") == f"<{MASK}>"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists))
def test_what_holds_no_secret_is_untouched(value: Any) -> None:
    assert Masker().apply(value) is value
    assert masker_of("Zq7!Zq7!Zq7!Zq7!").apply(value) == value


@given(st.text(max_size=60), st.text(max_size=30))
def test_hiding_twice_changes_nothing_more(text: str, secret: str) -> None:
    masker = masker_of(secret)
    once = masker.apply_text(text)

    assert masker.apply_text(once) == once


def test_everything_in_a_value_is_hidden_keys_and_numbers_too() -> None:
    masker = masker_of({"code": 483920, "list": ["s3cret-in-a-list"], "flag": True, "none": None})
    value = {
        "otp": "your code: 483920",
        "number": 483920,
        "s3cret-in-a-list": "key",
        "deep": [{"text": "xs3cret-in-a-listx"}],
        "flag": True,
        "true": "true",
    }

    assert masker.apply(value) == {
        "otp": f"your code: {MASK}",
        "number": MASK,
        MASK: "key",
        "deep": [{"text": f"x{MASK}x"}],
        "flag": True,
        "true": "true",
    }


@pytest.mark.parametrize("secret", ["", "a", "abc", MASK])
def test_what_is_too_short_to_be_told_from_other_text_is_left(secret: str) -> None:
    assert masker_of(secret).apply({"text": f"{secret} abc a"}) == {"text": f"{secret} abc a"}


def test_a_secret_with_blanks_around_it_is_hidden_without_them() -> None:
    assert masker_of("  pin-4711 \n").apply_text("is pin-4711.") == f"is{MASK}."
    assert masker_of(" 4711 ").apply_text("<4711>") == f"<{MASK}>"


def test_several_secrets_side_by_side_are_hidden() -> None:
    masker = masker_of("first-secret", "second-secret", "4711")

    assert masker.apply_text("first-secretsecond-secret4711!") == f"{MASK}!"
    assert masker.apply(["4711", "a 4711 b"]) == [MASK, f"a {MASK} b"]


def test_of_a_long_secret_fifteen_characters_in_a_row_are_hidden() -> None:
    long = "".join(chr(0x4E00 + i * 7 % 9973) for i in range(6000))
    masker = masker_of(long)

    assert masker.apply_text(long) == MASK
    for start in range(0, 5900, 97):
        assert masker.apply_text(f"({long[start : start + 15]})") == f"({MASK})"


def test_a_lone_surrogate_breaks_nothing() -> None:
    masker = masker_of("secret\ud800word")

    assert masker.apply({"a": "secret\ud800word", "b": "\ud800"}) == {"a": MASK, "b": "\ud800"}


def test_a_token_of_a_tenant_is_looked_for_in_a_fraction_of_a_millisecond() -> None:
    token = base64.urlsafe_b64encode(bytes(i * 7 % 251 for i in range(1125))).decode()
    masker = masker_of(token)
    record = {"steps": [{"id": f"step_{i}", "email": f"user{i}@x.example"} for i in range(40)]}
    began = time.process_time()
    for _ in range(100):
        masker_of(token)
        assert masker.apply(record) == record
    assert time.process_time() - began < budget(0.4)


def test_pointers_hide_what_they_name() -> None:
    value = {"a": {"b/c": "x", "d~e": ["y", "z"]}, "n": None, "t": "text"}
    pointers = ["/a/b~1c", "/a/d~0e/1", "/n", "/t/deeper", "/missing/x"]

    assert mask_pointers(value, pointers) == {
        "a": {"b/c": MASK, "d~e": ["y", MASK]},
        "n": None,
        "t": "text",
    }
    assert mask_pointers(value, ["/a/*"])["a"] == {"b/c": MASK, "d~e": MASK}  # type: ignore[index,call-overload]
    assert mask_pointers({"l": [1, 2]}, ["/l/*"]) == {"l": [MASK, MASK]}
    assert mask_pointers("whole", [""]) == MASK


def test_names_hide_what_stands_under_them_in_any_case() -> None:
    shown, hidden = mask_secret_keys(
        {
            "Authorization": "Bearer abc",
            "user": {"PASSWORD": "pw", "name": "Ada", "client_secret": ""},
            "list": [{"api_key": {"id": 1}}, {"token": "not a known name"}],
            "set-cookie": MASK,
            "secret": None,
        }
    )

    assert shown == {
        "Authorization": MASK,
        "user": {"PASSWORD": MASK, "name": "Ada", "client_secret": ""},
        "list": [{"api_key": MASK}, {"token": "not a known name"}],
        "set-cookie": MASK,
        "secret": None,
    }
    assert hidden == ["Bearer abc", "pw", {"id": 1}]


@pytest.mark.parametrize(
    "name",
    ["accessToken", "clientSecret", "X-Auth-Token", "api-key", "PrivateKey", "refresh_token"],
)
def test_names_are_known_however_they_are_spelt(name: str) -> None:
    assert mask_secret_keys({name: "hush"}) == ({name: MASK}, ["hush"])


def test_a_secret_in_an_address_is_hidden_there_and_by_its_value() -> None:
    shown, hidden = mask_secret_keys({"url": "https://a.example/?q=1&api_key=hush%20now#x"})

    assert shown == {"url": f"https://a.example/?q=1&api_key={MASK}#x"}
    assert sorted(map(str, hidden)) == ["hush now", "hush%20now"]
    assert mask_secret_keys("https://a.example/?page=2&key=v")[1] == []
