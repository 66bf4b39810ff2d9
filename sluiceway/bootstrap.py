"""The one place that builds real objects from settings."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.actions.base import TenantSettings
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.discreet import Discreet
from sluiceway.engine.base import Engine, EngineSettings, World
from sluiceway.engine.crew import Crew
from sluiceway.engine.delivery import Deliveries
from sluiceway.engine.janitor import Janitor, Retention
from sluiceway.engine.live import Live
from sluiceway.engine.outbox import OutboxWorker
from sluiceway.engine.sealed_rows import identity_of
from sluiceway.engine.service import Executions
from sluiceway.engine.trials import Trials
from sluiceway.engine.worker import Worker
from sluiceway.errors import UsageError
from sluiceway.management.clients import new_client_id
from sluiceway.management.environment import Environment
from sluiceway.management.flows import flows_using
from sluiceway.management.provider_directory import TenantProviders
from sluiceway.management.tenant import open_tenant
from sluiceway.models.masking import Masker
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.asgi import AsgiTransport, RoutingTransport
from sluiceway.outbound.mail_hosts import MailHosts
from sluiceway.outbound.retry import RetryPolicy
from sluiceway.outbound.sending import LazyClient, RetryingSender
from sluiceway.outbound.sockets import GuardedSockets
from sluiceway.providers.choice import Providers
from sluiceway.providers.sender import Sender, open_smtp_sender
from sluiceway.storage.open import open_store
from sluiceway.tenants.client import TenantClient
from sluiceway.tenants.connection_tokens import ConnectionTokens
from sluiceway.tenants.limits import SharedLimits
from sluiceway.tenants.tokens import Tokens
from sluiceway.tenants.trial import ConnectionTrials
from sluiceway.vault.base import VaultConnection
from sluiceway.vault.connections import StoredConnections
from sluiceway.vault.data_keys import DataKeys, watch_keys
from sluiceway.vault.key_wrappers import open_key_wrapper
from sluiceway.vault.master_key import KEY_BYTES, LocalKey, load_or_make_master_key
from sluiceway.vault.operations import VaultKeys
from sluiceway.vault.rotation import Rotation, sweep_keys

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from sluiceway.management.tenant import EmbeddedTenant
    from sluiceway.outbound.base import Transport
    from sluiceway.settings import Settings
    from sluiceway.storage.base import Store
    from sluiceway.vault.base import KeyWrapper
    from sluiceway.vault.keyring import Keyring

__all__ = [
    "KEY_FILE",
    "LOCAL",
    "Application",
    "ClientSecret",
    "open_application",
    "open_master_key",
]

LOCAL: Final = "local"
"""The name of the connection that reaches the embedded tenant; it is always there."""

KEY_FILE: Final = "vault.key"
"""The file of the master key, in the folder of the settings' state."""
_GRACE: Final = timedelta(seconds=12)
_CLIENT_FILE: Final = "client.json"


class ClientSecret(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The first API client. *path* is the file it was read from, where it was not a setting."""

    withheld = frozenset({"secret"})

    client_id: str
    secret: str
    path: str | None = None


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, put together."""

    settings: Settings
    store: Store
    data_keys: DataKeys
    keyring: Keyring
    client: ClientSecret
    tenant: EmbeddedTenant
    connections: StoredConnections
    tenants: TenantClient
    transport: Transport
    providers: Providers
    actions: InstalledActions
    engine: Engine
    world: World
    live: Live
    executions: Executions
    sender: Sender

    def new_outbox_worker(self) -> OutboxWorker:
        """Return what delivers this application's messages."""
        deliveries = Deliveries(
            providers=self.providers,
            sender=self.sender,
            sealer=self.keyring,
            buckets=self.store.buckets,
            now=utc_now,
            chance=random.Random(),  # noqa: S311 - jitter
        )
        return OutboxWorker(self.store.outbox, deliveries)

    def new_rotation(self) -> Rotation:
        """Return what rotates this database's data key."""
        return Rotation(
            keys=self.data_keys,
            keyring=self.keyring,
            sealed=self.store.sealed,
            identity_of=identity_of,
            grace=timedelta(0) if self._is_alone else _GRACE,
        )

    def new_vault_keys(self) -> VaultKeys:
        """Return what operators rotate and verify with."""
        is_made = not self.settings.vault_key and self.settings.sqlite_path is not None
        key_file = self.settings.state_folder / KEY_FILE if is_made else None
        return VaultKeys(self.new_rotation, key_file)

    def new_connection_trials(self) -> ConnectionTrials:
        """Return what tries vault connections."""
        return ConnectionTrials(
            transport=self.transport,
            tenant_token=self.tenants.new_token,
            service_token=ConnectionTokens(self.tenants.tokens).new_token,
        )

    async def watch_keys(self) -> None:
        """Take in data keys that others rotate, and delete old ones, until it is cancelled."""
        sweeping = sweep_keys(self.new_rotation())
        if self._is_alone:
            await sweeping
        else:
            await asyncio.gather(
                watch_keys(self.data_keys, self.keyring, every=_GRACE / 4), sweeping
            )

    @property
    def _is_alone(self) -> bool:
        """Whether no other process can have the database open."""
        return self.settings.database_url.startswith("sqlite:")

    def new_trials(self) -> Trials:
        """Return what sends test messages."""
        return Trials(providers=self.providers, sender=self.sender, now=utc_now)

    def new_crew(self, *, works: bool = True, concurrency: int | None = None) -> Crew:
        """Return what works in this process besides answering.

        Without *works*, other processes carry executions out and deliver messages.
        """
        janitor = Janitor(self.store, Retention(executions=self.settings.retention), now=utc_now)
        members = (self.new_worker(concurrency=concurrency), self.new_outbox_worker())
        return Crew(members if works else (), [janitor.run, self.watch_keys])

    async def prune_a_little(self) -> None:
        """Delete a few executions that were kept long enough: for commands that run no crew."""
        if self.settings.retention:
            before = utc_now() - self.settings.retention
            await self.store.executions.prune(ended_before=before, limit=20)

    def new_worker(self, *, concurrency: int | None = None) -> Worker:
        """Return a worker over this application's store."""
        return Worker(
            self.engine,
            self.world,
            self.live,
            concurrency=concurrency or self.settings.concurrency,
        )


@asynccontextmanager
async def open_application(
    settings: Settings,
    *,
    make_api: Callable[[Application], Callable[[Any, Any, Any], Awaitable[None]]],
) -> AsyncGenerator[Application]:
    """Open the database and build everything over it; close it all at the end.

    Args:
        settings: the settings in force.
        make_api: makes the ASGI application that serves the embedded tenant; an argument, because
            the edges are above this module.

    Raises:
        StorageError: the database cannot be opened.
        VaultError: the vault key does not open it.
        UsageError: a setting cannot be used.
    """
    store = open_store(settings.database_url)
    client = LazyClient(settings)
    try:
        inside: dict[str, Transport] = {}
        transport = RoutingTransport(inside=inside, outside=client)
        application = await _build(settings, store, transport)
        inside[settings.domain.lower()] = AsgiTransport(make_api(application))
        try:
            yield application
        finally:
            await application.sender.close()
    finally:
        await client.close()
        await store.close()


def _sender(
    settings: Settings, transport: Transport, policy: RetryPolicy, chance: random.Random
) -> RetryingSender:
    # Short of the step's limit, so that an answer comes before it.
    patience_s = 0.95 * settings.step_timeout.total_seconds()
    return RetryingSender(transport, policy=policy, chance=chance, patience_s=patience_s)


async def _build(settings: Settings, store: Store, transport: Transport) -> Application:
    data_keys = DataKeys(store.documents, open_master_key(settings), utc_now)
    keyring = await data_keys.load()
    client = _first_client(settings)
    environment = Environment(
        documents=store.documents,
        shared=store.shared,
        buckets=store.buckets,
        sealer=keyring,
        domain=settings.domain,
        tenant_name=settings.tenant_name,
    )
    tenant = await open_tenant(
        environment,
        client_id=client.client_id,
        client_secret=client.secret,
        is_drawn=not settings.client_secret,
    )
    connections = StoredConnections(
        documents=store.documents,
        sealer=keyring,
        find_uses=partial(_names_of_flows_using, environment),
        built_in=(_local(settings, client),),
    )
    chance = random.Random()  # noqa: S311 - jitter
    policy = RetryPolicy()
    tokens = Tokens(transport, cache=store.shared, sealer=keyring, chance=chance)
    tenants = TenantClient(
        connections=connections,
        transport=transport,
        tokens=tokens,
        limits=SharedLimits(store.buckets),
        policy=policy,
        chance=chance,
    )
    providers = Providers(TenantProviders(environment))
    world = World(
        tenant=tenants,
        send=_sender(settings, transport, policy, chance),
        connections=connections,
        require_provider=providers.describe,
        codes=store.codes,
        access_token=ConnectionTokens(tokens),
        find_mail_hosts=MailHosts(settings.nameservers),
        tenant_settings=TenantSettings(
            name=settings.tenant_name,
            friendly_name=settings.friendly_name,
            support_email=settings.support_email,
            support_url=settings.support_url,
        ),
    )
    actions, live = InstalledActions(), Live()
    engine = Engine(
        store=store.executions,
        actions=actions,
        sealer=keyring,
        new_masker=Masker,
        settings=EngineSettings(
            step_timeout=settings.step_timeout, execution_timeout=settings.execution_timeout
        ),
    )
    return Application(
        settings=settings,
        store=store,
        data_keys=data_keys,
        keyring=keyring,
        client=client,
        tenant=tenant,
        connections=connections,
        tenants=tenants,
        transport=transport,
        providers=providers,
        actions=actions,
        engine=engine,
        world=world,
        live=live,
        executions=Executions(engine, live),
        sender=Sender(transport, partial(open_smtp_sender, GuardedSockets(settings.allow_hosts))),
    )


async def _names_of_flows_using(environment: Environment, connection: VaultConnection) -> list[str]:
    uses = await flows_using(environment, [connection.id, connection.name])
    return [str(flow["name"]) for flow in uses]


def _local(settings: Settings, client: ClientSecret) -> VaultConnection:
    born = utc_now()
    return VaultConnection(
        id=LOCAL,
        app_id="AUTH0",
        name=LOCAL,
        ready=True,
        # A new secret is a new fingerprint: tokens of the old one are not used.
        fingerprint=client.client_id,
        created_at=born,
        updated_at=born,
        setup={
            "type": "OAUTH_APP",
            "domain": settings.domain,
            "client_id": client.client_id,
            "client_secret": client.secret,
        },
    )


def open_master_key(settings: Settings) -> KeyWrapper:
    """Return what wraps the data keys, by the settings; on first use, a key is made in a file.

    Raises:
        VaultError: the setting or the file holds no key.
    """
    if settings.vault_key:
        return open_key_wrapper(settings.vault_key, origin=settings.origins["vault_key"])
    if _is_in_memory(settings):
        return LocalKey(secrets.token_bytes(KEY_BYTES), "memory")
    path = settings.state_folder / KEY_FILE
    return LocalKey(load_or_make_master_key(path), str(path))


def _first_client(settings: Settings) -> ClientSecret:
    if settings.client_id and settings.client_secret:
        return ClientSecret(client_id=settings.client_id, secret=settings.client_secret)
    made = ClientSecret(
        # Letters and digits: a dash at its front would make it an option where it is typed.
        client_id=settings.client_id or new_client_id(secrets.randbits),
        secret=settings.client_secret or secrets.token_urlsafe(48),
    )
    if _is_in_memory(settings):
        return made
    path = settings.state_folder / _CLIENT_FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        return ClientSecret(
            client_id=found["client_id"], secret=found["client_secret"], path=str(path)
        )
    except FileNotFoundError:
        pass
    except (OSError, msgspec.MsgspecError, KeyError) as error:
        raise UsageError(
            "expected client_id and client_secret in the file of the first API client",
            at=str(path),
            hint="Delete the file to have new ones made.",
        ) from error
    document = {"client_id": made.client_id, "client_secret": made.secret}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(document))
    except OSError as error:
        raise UsageError(
            f"cannot write the file of the first API client: {error.strerror}", at=str(path)
        ) from error
    return ClientSecret(client_id=made.client_id, secret=made.secret, path=str(path))


def _is_in_memory(settings: Settings) -> bool:
    return settings.sqlite_path is None and settings.database_url.startswith("sqlite:")
