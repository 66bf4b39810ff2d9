"""From flows to a real mail server: five hundred recipients, with the server away for a while."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

from sluiceway.api.app import build_app
from sluiceway.api.services import Services
from sluiceway.bootstrap import open_application
from sluiceway.engine.service import StartRequest
from sluiceway.management import email_provider
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.flow import Flow
from sluiceway.settings import load_settings
from sluiceway.storage.durable import OutboxFilter, OutboxStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

    from sluiceway.bootstrap import Application

COUNT = 500
FLOW = {
    "name": "Welcome",
    "actions": [
        {
            "id": "mail",
            "type": "AUTH0",
            "action": "SEND_EMAIL",
            "params": {
                "to": "{{fields.email}}",
                "from": {"email": "shop@bücher.example", "name": "Müller & Söhne"},
                "subject": "Hello {{ custom_vars.name }} 🎉",
                "body": "<p>Hello {{ custom_vars.name | escape }},</p>"
                "<p>{% for i in (1..40) %}a long line of words {% endfor %}</p>",
                "custom_vars": {"name": "{{fields.name}}"},
            },
        }
    ],
}


@dataclass
class Inbox:
    """What arrived; *busy* answers come first."""

    envelopes: list[Any] = field(default_factory=list)
    busy: int = 0

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        if self.busy:
            self.busy -= 1
            return "451 4.3.0 try again later"
        self.envelopes.append(envelope)
        return "250 2.0.0 taken"


@asynccontextmanager
async def application_of(folder: Path, port: int) -> AsyncIterator[Application]:
    settings = load_settings(
        environment={
            "SLUICEWAY_DATABASE_URL": f"sqlite:///{folder}/box.db",
            "SLUICEWAY_ALLOW_HOSTS": "127.0.0.1",
        },
        folder=folder,
    )
    async with open_application(
        settings, make_api=lambda application: build_app(Services(tenant=application.tenant))
    ) as application:
        await email_provider.create_provider(
            application.tenant.environment,
            {"name": "smtp", "credentials": {"smtp_host": "127.0.0.1", "smtp_port": port}},
        )
        yield application


async def start(application: Application, count: int) -> None:
    await application.executions.start_many(
        Flow.from_json(FLOW),
        [
            StartRequest(
                input=ExecutionInput(
                    fields={
                        "email": f"user{number}@x.example",
                        # What a user typed tries to add a header, and to break the page.
                        "name": f"Ada {number}\r\nBcc: eve@evil.example <script>",
                    }
                )
            )
            for number in range(count)
        ],
    )


async def free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def sent(application: Application, count: int) -> None:
    outbox = application.store.outbox
    while (await outbox.count_by_status())[OutboxStatus.SENT] < count:
        await asyncio.sleep(0.05)


def test_five_hundred_flows_reach_five_hundred_people(tmp_path: Path) -> None:
    async def scenario() -> list[Any]:
        inbox = Inbox(busy=20)
        port = await free_port()
        async with application_of(tmp_path, port) as application:
            worker, outbox = application.new_worker(), application.new_outbox_worker()
            outbox._deliveries = replace_settings(outbox._deliveries)
            tasks = [asyncio.create_task(worker.run()), asyncio.create_task(outbox.run())]
            await start(application, COUNT)
            await asyncio.sleep(0.5)
            # The server comes up only now: everything waited.
            loop = asyncio.get_running_loop()
            server = await loop.create_server(
                lambda: SMTP(inbox, loop=loop, enable_SMTPUTF8=True), "127.0.0.1", port
            )
            async with asyncio.timeout(60):
                await sent(application, COUNT)
            worker.stop()
            outbox.stop()
            await asyncio.gather(*tasks)
            rows = await application.store.outbox.list(OutboxFilter(), limit=1000)
            assert {row.status for row in rows} == {OutboxStatus.SENT}
            # Some met the closed port or the busy server, and were tried again.
            assert max(row.attempts for row in rows) > 1
            await application.sender.close()
            server.close()
        return inbox.envelopes

    envelopes = asyncio.run(scenario())

    assert Counter(envelope.rcpt_tos[0] for envelope in envelopes) == Counter(
        f"user{number}@x.example" for number in range(COUNT)
    )
    for envelope in envelopes:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        number = envelope.rcpt_tos[0].partition("@")[0].removeprefix("user")
        assert mail["Subject"] == f"Hello Ada {number} Bcc: eve@evil.example <script> 🎉"
        assert mail["Bcc"] is None
        assert envelope.mail_from == "shop@xn--bcher-kva.example"
        text, body = mail.iter_parts()
        assert "&lt;script&gt;" in body.get_content()
        assert text.get_content().startswith(f"Hello Ada {number}")
        assert max(map(len, envelope.content.split(b"\r\n"))) <= 998
    assert len({str(message_id(envelope)) for envelope in envelopes}) == COUNT


def message_id(envelope: Any) -> Any:
    return message_from_bytes(envelope.content, policy=policy.default)["Message-ID"]


def replace_settings(deliveries: Any) -> Any:
    """Return *deliveries* with short pauses, so that the test need not wait."""
    from datetime import timedelta  # noqa: PLC0415

    from msgspec.structs import replace  # noqa: PLC0415 - one use

    quick = replace(
        deliveries.settings,
        first_retry=timedelta(milliseconds=200),
        longest_retry=timedelta(milliseconds=400),
    )
    return replace(deliveries, settings=quick)


def test_a_provider_is_switched_and_repaired_while_everything_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        inbox = Inbox()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(inbox, loop=loop), "127.0.0.1", 0)
        good: int = server.sockets[0].getsockname()[1]
        async with application_of(tmp_path, await free_port()) as application:
            environment = application.tenant.environment
            worker, outbox = application.new_worker(), application.new_outbox_worker()
            outbox._deliveries = replace_settings(outbox._deliveries)
            tasks = [asyncio.create_task(worker.run()), asyncio.create_task(outbox.run())]
            await start(application, 5)
            await asyncio.sleep(0.3)
            assert inbox.envelopes == []

            await email_provider.update_provider(environment, {"credentials": {"smtp_port": good}})
            async with asyncio.timeout(20):
                await sent(application, 5)
            await email_provider.delete_provider(environment)
            await start(application, 3)
            async with asyncio.timeout(20):
                await sent(application, 8)
            worker.stop()
            outbox.stop()
            await asyncio.gather(*tasks)
            rows = await application.store.outbox.list(OutboxFilter(), limit=100)
            providers = Counter(str(row.receipt).partition(":")[0] for row in rows)
            assert providers == {"smtp": 5, "capture": 3}
            await application.sender.close()
        server.close()
        assert len(inbox.envelopes) == 5

    asyncio.run(scenario())
    assert "is a dead letter" not in caplog.text
