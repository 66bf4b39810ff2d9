"""The guard: private addresses in every spelling are refused, metadata always."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import TargetForbidden, UsageError
from sluiceway.outbound.guard import Guard, check_request_head, parse_target

FORBIDDEN = """
http://127.0.0.1/ http://127.1/ http://127.0.1/ http://2130706433/ http://0x7f000001/ http://0x7f.1/
http://0177.0.0.1/ http://017700000001/ http://127.0.0.1./ http://0/ http://0.0.0.0/ http://0.1.2.3/
http://10.0.0.1/ http://10.255.255.255/ http://172.16.0.1/ http://172.31.255.255/ http://192.168.1.1/
http://3232235777/ http://0xc0a80101/ http://100.64.0.1/ http://100.127.255.254/ http://169.254.1.1/
http://192.0.0.1/ http://192.0.2.1/ http://198.18.0.1/ http://198.51.100.1/ http://203.0.113.1/
http://224.0.0.1/ http://239.255.255.255/ http://240.0.0.1/ http://255.255.255.255/
http://[::1]/ http://[::]/ http://[0:0:0:0:0:0:0:1]/ http://[::127.0.0.1]/ http://[::ffff:127.0.0.1]/
http://[::ffff:7f00:1]/ http://[::ffff:10.0.0.1]/ http://[64:ff9b::127.0.0.1]/ http://[64:ff9b:1::1]/
http://[2002:7f00:1::]/ http://[2002:a00:1::]/ http://[2001:0:7f00:1::]/ http://[fe80::1]/
http://[fe80::1%25eth0]/ http://[fc00::1]/ http://[fd12:3456::1]/ http://[fec0::1]/ http://[ff02::1]/
http://[2001:db8::1]/ http://[100::1]/ http://[3fff::1]/ http://[5f00::1]/ http://[4000::1]/
http://[::ffff:0:127.0.0.1]/ http://[::ffff:0:10.0.0.1]/ http://[fe80::5efe:7f00:1]/
http://[0000:0000:0000:0000:0000:ffff:7f00:0001]/ http://[2001:0:0:0:0:0:80ff:fffe]/
http://192.88.99.1/ http://0x7f.0.0.0x1/ http://0177.1/ http://127.0.0.1:8080/ http://0x0/
http://00000177.0.0.1/ http://127.1.1.1/ http://[::7f00:1]/ http://[::1%251]/
http://localhost/ http://LOCALHOST/ http://localhost./ http://api.localhost/ https://localhost:8443/
http://１２７.0.0.1/ http://127。0。0。1/ http://ⓛocalhost/ http://①②⑦.0.0.1/
http://user@93.184.216.34/ http://user:pass@93.184.216.34/ http://127.0.0.1:80@93.184.216.34/
ftp://93.184.216.34/ file:///etc/passwd gopher://93.184.216.34/ //93.184.216.34/ http:///path
http://93.184.216.34:99999/ http://93.184.216.34:x/ http://[::1/ http://[v1.x]/ http://1.2.3.4.5/
http://exa_mple..com/ http://-x/ http:\\\\127.0.0.1\\ http://999.1.1.1/
""".split()
METADATA = """
http://169.254.169.254/latest http://2852039166/ http://0xa9fea9fe/ http://0251.0376.0251.0376/
http://[::ffff:169.254.169.254]/ http://[64:ff9b::a9fe:a9fe]/ http://[fd00:ec2::254]/
http://metadata.google.internal/ http://metadata/ http://METADATA.google.internal./
http://100.100.100.200/ http://169.254.170.2/ http://168.63.129.16/ http://169.254.0.23/
http://[::ffff:0:169.254.169.254]/ http://[2002:a9fe:a9fe::]/ http://[::a9fe:a9fe]/
http://169.254.169.254./ http://[fd20:ce::254]/ http://192.0.0.192/ http://instance-data/
""".split()
PUBLIC = """
https://example.com/ http://93.184.216.34/ https://[2606:2800:220:1::1]/ https://bücher.example/
https://example.com:8443/a?b=c#d https://a-b.example.com./ http://[::ffff:93.184.216.34]/
""".split()


@pytest.mark.parametrize("url", FORBIDDEN)
def test_what_is_not_public_is_refused_in_every_spelling(url: str) -> None:
    with pytest.raises(TargetForbidden):
        Guard().check(parse_target(url))


@pytest.mark.parametrize("url", METADATA)
def test_metadata_is_refused_although_everything_is_allowed(url: str) -> None:
    everything = Guard(["0.0.0.0/0", "::/0", "metadata", "metadata.google.internal"])

    with pytest.raises(TargetForbidden, match="metadata"):
        everything.check(parse_target(url))


@pytest.mark.parametrize("url", PUBLIC)
def test_public_targets_pass(url: str) -> None:
    Guard().check(parse_target(url))


@pytest.mark.parametrize(
    "bad", ["http://a b/", "http://a\r\nHost: b/", "http://a\x00/", "http:\\a"]
)
def test_blanks_and_control_characters_are_refused(bad: str) -> None:
    with pytest.raises(TargetForbidden):
        parse_target(bad)


@pytest.mark.parametrize(
    ("entry", "allowed", "refused"),
    [
        ("localhost", "http://localhost:9/", "http://127.0.0.1:9/"),
        ("localhost:9", "http://localhost:9/", "http://localhost:10/"),
        ("127.0.0.1", "http://127.0.0.1/", "http://127.0.0.2/"),
        ("127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1/"),
        ("10.0.0.0/8", "http://10.1.2.3/", "http://192.168.0.1/"),
        ("[::1]:9", "http://[::1]:9/", "http://[::1]:10/"),
        ("fd00::/8", "http://[fd00::5]/", "http://[fc00::5]/"),
    ],
)
def test_a_setting_allows_just_what_it_says(entry: str, allowed: str, refused: str) -> None:
    guard = Guard([entry, ""])

    guard.check(parse_target(allowed))
    with pytest.raises(TargetForbidden):
        guard.check(parse_target(refused))


def test_an_entry_that_is_no_host_is_named() -> None:
    with pytest.raises(UsageError, match="found 'a b'"):
        Guard(["a b"])


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET /x HTTP/1.1\r\nX: y", {}),
        ("GET", {"x\r\ny": "z"}),
        ("GET", {"x": "y\r\nz: w"}),
        ("GET", {"x": "y\nz"}),
        ("GET", {"x": "\x00"}),
        ("GET", {"": "y"}),
    ],
)
def test_nothing_can_be_smuggled_into_the_head(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(TargetForbidden):
        check_request_head(method, headers)
    check_request_head("GET", {"x-a": "b\tc ü"})


@given(st.text(max_size=40) | st.builds(lambda host: f"http://{host}/", st.text(max_size=30)))
def test_parsing_raises_nothing_but_its_own_error(url: str) -> None:
    with contextlib.suppress(TargetForbidden):
        Guard().check(parse_target(url))
