"""Mail to a real SMTP server, and what Python's own parser reads out of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import ipaddress
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, message_from_string, policy
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from sluiceway.errors import ProviderRejected, ProviderUnavailable
from sluiceway.providers.base import Address, ConfiguredProvider, EmailMessage, SmtpServer
from sluiceway.providers.email.smtp import PROVIDER, Smtp
from sluiceway.providers.html_text import html_to_text
from sluiceway.providers.smtp_sender import SmtpSender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

USER, PASSWORD = "made-up-user", "made-up-password"


@dataclass
class Handler:
    """Keeps what came; *replies* are given in turn in place of 250."""

    envelopes: list[Any] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    sessions: set[tuple[str, int]] = field(default_factory=set)
    secured: list[bool] = field(default_factory=list)
    die_after_data: bool = False

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.envelopes.append(envelope)
        self.sessions.add(session.peer)
        self.secured.append(
            session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None
        )
        if self.die_after_data:
            server.transport.abort()
        return self.replies.pop(0) if self.replies else "250 2.0.0 queued as 1"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A throwaway CA: the server's context, and one that trusts it."""
    folder: Path = tmp_path_factory.mktemp("ca")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))


@asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[int]:
    """Serve SMTP in this loop; yields the port."""
    context = options.pop("implicit", None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, loop=loop, enable_SMTPUTF8=True, **options),
        "127.0.0.1",
        0,
        ssl=context,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def deliver(
    port: int, *messages: EmailMessage, sender: SmtpSender | None = None, **server: Any
) -> list[str]:
    provider = Smtp(SmtpServer(host="127.0.0.1", port=port, **server))
    sending = sender or SmtpSender()
    receipts = []
    for message in messages:
        mail = provider.build_mail(message)
        receipts.append(provider.parse_reply(mail, await sending.send(mail)).message_id)
    if sender is None:
        await sending.close()
    return receipts


def parsed(envelope: Any) -> Any:
    return message_from_bytes(envelope.content, policy=policy.default)


LONG = "<p>" + "x" * 5000 + "</p>"
BIG = "<p>" + "Größe 🎉 <b>fett</b><br>\n" * 4000 + "</p>"
DOTS = "<pre>.\n..\n.leading\r\nand\rmore\n</pre>"


@pytest.mark.parametrize(
    ("subject", "html"),
    [
        ("Your code", "<p>123</p>"),
        ("Grüße 🎉 aus Köln", "<p>Ünïcödé 🎉👩‍👩‍👧</p>"),
        ("s" * 255, LONG),
        ("🎉" * 255, BIG),
        ("lines\r\nBcc: eve@evil.example", DOTS),
        ("From: tricky = ? word", "<p>From the start</p>\nFrom here\n"),
        ("日本語の件名" * 20, "<p>" + "日本語" * 10000 + "</p>"),
        (" spaces  within ", ""),
        ("\t", "<p>only whitespace in the subject</p>"),
    ],
    ids=[
        "plain",
        "beyond ascii",
        "long lines",
        "100 kB",
        "injection",
        "tricky",
        "cjk",
        "empty",
        "tab",
    ],
)
def test_a_parser_agrees_with_every_header_and_part(
    new_email: Callable[..., EmailMessage], subject: str, html: str
) -> None:
    clean = " ".join(subject.split())
    message = new_email(subject=clean, html=html, text=html_to_text(html))

    async def scenario() -> Any:
        handler = Handler()
        async with serving(handler) as port:
            assert await deliver(port, message) == ["2.0.0 queued as 1"]
        (envelope,) = handler.envelopes
        return envelope

    envelope = asyncio.run(scenario())
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@shop.example", ["ada@x.example"])
    mail = parsed(envelope)
    assert mail["Subject"] == clean
    assert str(mail["From"]) == "Shop <no-reply@shop.example>"
    assert str(mail["To"]) == "ada@x.example"
    assert mail["Bcc"] is None
    assert mail["Message-ID"] == "<msg_1@shop.example>"
    assert parsedate_to_datetime(mail["Date"]) == message.created_at
    assert mail["MIME-Version"] == "1.0"
    text, body = mail.iter_parts()
    assert (text.get_content_type(), body.get_content_type()) == ("text/plain", "text/html")
    assert unified(body.get_content()) == unified(html)
    assert unified(text.get_content()) == unified(message.text)
    assert max(len(line) for line in envelope.content.split(b"\r\n")) <= 998
    assert envelope.content.isascii()
    assert b"\n" not in envelope.content.replace(b"\r\n", b"")


def unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def test_names_and_addresses_beyond_ascii(new_email: Callable[..., EmailMessage]) -> None:
    message = new_email(
        sender=Address(email="büro@xn--bcher-kva.example", name='Müller, "Büro" <x@y.z>'),
        to=Address(email="ädä@x.example"),
    )

    async def scenario() -> Any:
        handler = Handler()
        async with serving(handler) as port:
            await deliver(port, message)
        return handler.envelopes[0]

    envelope = asyncio.run(scenario())
    assert envelope.mail_from == "büro@xn--bcher-kva.example"
    assert envelope.rcpt_tos == ["ädä@x.example"]
    # The standard library's parser of bytes does not know RFC 6532; its parser of text does.
    mail = message_from_string(envelope.content.decode("utf-8"), policy=policy.SMTPUTF8)
    (address,) = mail["From"].addresses
    assert address.display_name == 'Müller, "Büro" <x@y.z>'
    assert address.addr_spec == "büro@xn--bcher-kva.example"


def test_a_server_without_smtputf8_is_a_refusal_and_the_connection_lives_on(
    new_email: Callable[..., EmailMessage],
) -> None:
    async def scenario() -> None:
        handler = Handler()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(handler, loop=loop), "127.0.0.1", 0)
        sender = SmtpSender()
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderRejected, match="SMTPUTF8"):
            await deliver(port, new_email(to=Address(email="ä@x.example")), sender=sender)
        await deliver(port, new_email(), sender=sender)
        await sender.close()
        server.close()
        assert len(handler.envelopes) == 1

    asyncio.run(scenario())


def test_list_unsubscribe_and_configured_headers(new_email: Callable[..., EmailMessage]) -> None:
    given = ConfiguredProvider(
        name="smtp",
        credentials={"smtp_host": "127.0.0.1", "smtp_port": 2525},
        settings={
            "headers": {
                "X-SES-Configuration-Set": "set1",
                "X-MSYS_API": {"options": {"click_tracking": False}},
                "X-MC-ViewContentLink": "true",
            }
        },
    )
    message = new_email(list_unsubscribe="<https://x.example/u?a=1>, <mailto:u@x.example>")
    provider: Any = PROVIDER.build(given)

    mail = message_from_bytes(provider.build_mail(message).data, policy=policy.default)

    assert mail["List-Unsubscribe"] == "<https://x.example/u?a=1>, <mailto:u@x.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["X-SES-Configuration-Set"] == "set1"
    assert mail["X-MSYS-API"] == '{"options":{"click_tracking":false}}'
    assert mail["X-MC-ViewContentLink"] == "true"


@pytest.mark.parametrize("field", ["subject", "message_id", "list_unsubscribe", "language"])
@pytest.mark.parametrize("bad", ["a\r\nBcc: eve@evil.example", "a\nb", "a\rb", "a\x00b"])
def test_a_header_cannot_be_broken_open(
    new_email: Callable[..., EmailMessage], field: str, bad: str
) -> None:
    provider = Smtp(SmtpServer(host="x", port=25))
    with pytest.raises(ProviderRejected, match="control characters"):
        provider.build_mail(new_email(**{field: bad}))


class Auth:
    def __init__(self) -> None:
        self.tries: list[bool] = []

    def __call__(self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> Any:
        del server, session, envelope, mechanism
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.tries.append(good)
        return AuthResult(success=good, handled=good)


# The test's server leaves a socket open where the client refuses its certificate.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
@pytest.mark.parametrize("mode", ["starttls", "implicit"])
def test_tls_and_a_password(
    new_email: Callable[..., EmailMessage],
    authority: tuple[ssl.SSLContext, ssl.SSLContext],
    mode: str,
) -> None:
    server_context, client_context = authority
    auth = Auth()

    async def scenario() -> Handler:
        handler = Handler()
        options: dict[str, Any] = {"authenticator": auth, "auth_required": True}
        if mode == "starttls":
            options |= {"tls_context": server_context, "require_starttls": True}
        else:
            options |= {"implicit": server_context, "auth_require_tls": False}
        async with serving(handler, **options) as port:
            sender = SmtpSender(tls_context=lambda: client_context)
            signed_in = {"user": USER, "password": PASSWORD, "tls": mode}
            await deliver(port, new_email(), new_email(), sender=sender, **signed_in)
            await sender.close()
            with pytest.raises(ProviderRejected, match="535"):
                await deliver(
                    port, new_email(), sender=sender, **{**signed_in, "password": "wrong-one"}
                )
            with pytest.raises(ProviderUnavailable, match="a mail server at"):
                await deliver(port, new_email(), sender=SmtpSender(), **signed_in)
        return handler

    handler = asyncio.run(scenario())
    gc.collect()
    assert len(handler.envelopes) == 2
    assert all(handler.secured)
    # The client offers a refused password by both mechanisms.
    assert auth.tries[0]
    assert not any(auth.tries[1:])


def test_a_server_without_starttls_never_sees_the_password(
    new_email: Callable[..., EmailMessage],
) -> None:
    auth = Auth()

    async def scenario() -> None:
        handler = Handler()
        async with serving(handler, authenticator=auth, auth_require_tls=False) as port:
            with pytest.raises((ProviderUnavailable, ProviderRejected)):
                await deliver(port, new_email(), user=USER, password=PASSWORD, tls="starttls")
        assert handler.envelopes == []

    asyncio.run(scenario())
    assert auth.tries == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("451 4.3.0 try later", ProviderUnavailable),
        ("421 4.7.0 closing", ProviderUnavailable),
        ("550 5.1.1 no such user", ProviderRejected),
        ("554 5.7.1 spam", ProviderRejected),
    ],
)
def test_the_servers_reply_decides(
    new_email: Callable[..., EmailMessage], reply: str, error: type[Exception]
) -> None:
    async def scenario() -> None:
        handler = Handler(replies=[reply])
        async with serving(handler) as port:
            sender = SmtpSender()
            with pytest.raises(error, match=reply[4:]):
                await deliver(port, new_email(), sender=sender)
            assert await deliver(port, new_email(), sender=sender) == ["2.0.0 queued as 1"]
            await sender.close()

    asyncio.run(scenario())


def test_connections_are_pooled_and_dead_ones_replaced(
    new_email: Callable[..., EmailMessage],
) -> None:
    async def scenario() -> None:
        handler = Handler()
        sender = SmtpSender(mails_per_connection=10)
        async with serving(handler) as port:
            await deliver(port, *[new_email() for _ in range(25)], sender=sender)
            assert len(handler.sessions) == 3
            # The server forgets us between two mails.
            for pool in sender._idle.values():
                for kept in pool:
                    kept.session._transport.abort()
            await asyncio.sleep(0.01)
            await deliver(port, new_email(), sender=sender)
            await sender.close()
        assert len(handler.envelopes) == 26

    asyncio.run(scenario())


def test_a_server_that_dies_between_accept_and_answer_is_outcome_unknown(
    new_email: Callable[..., EmailMessage],
) -> None:
    async def scenario() -> None:
        handler = Handler(die_after_data=True)
        async with serving(handler) as port:
            with pytest.raises(ProviderUnavailable):
                await deliver(port, new_email())
        assert len(handler.envelopes) == 1

    asyncio.run(scenario())


def test_nobody_listening_is_unavailable(new_email: Callable[..., EmailMessage]) -> None:
    async def scenario() -> None:
        async with serving(Handler()) as port:
            pass
        with pytest.raises(ProviderUnavailable, match="a mail server at"):
            await deliver(port, new_email())

    asyncio.run(scenario())


def test_a_slow_server_is_given_up(new_email: Callable[..., EmailMessage]) -> None:
    async def scenario() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            gone.set()

        gone = asyncio.Event()
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderUnavailable):
            await deliver(port, new_email(), sender=SmtpSender(timeout_s=0.05))
        await gone.wait()
        server.close()

    asyncio.run(scenario())


def test_the_password_is_asked_to_be_encrypted_by_where_the_server_is() -> None:
    def mode(**credentials: Any) -> str:
        built: Any = PROVIDER.build(ConfiguredProvider(name="smtp", credentials=credentials))
        return str(built.server.tls)

    signed_in = {"smtp_user": USER, "smtp_pass": PASSWORD}
    assert mode(smtp_host="mail.example", smtp_port=587, **signed_in) == "starttls"
    assert mode(smtp_host="mail.example", smtp_port=465, **signed_in) == "implicit"
    assert mode(smtp_host="mail.example", smtp_port=25) == "opportunistic"
    assert mode(smtp_host="127.0.0.1", smtp_port=1025, **signed_in) == "opportunistic"


def test_the_message_is_the_same_on_every_try(new_email: Callable[..., EmailMessage]) -> None:
    provider = Smtp(SmtpServer(host="x", port=25))
    first = new_email()
    second = replace(first, at=first.at + dt.timedelta(hours=1))

    assert provider.build_mail(first) == provider.build_mail(second)
