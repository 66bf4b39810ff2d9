"""Vault connections: kept as documents, their setup sealed in the row.

Behaviour as recorded (terraform-provider-auth0, TestAccVaultConnection): a connection may be made
without a setup and is then not ready; every change gives it a new fingerprint; ``refreshed_at`` is
null in what POST and PATCH answer and absent elsewhere, until a token was fetched.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from sluiceway.discreet import Discreet
from sluiceway.errors import Conflict, NotFound
from sluiceway.models.ids import new_id
from sluiceway.models.timestamps import utc_now
from sluiceway.storage.base import Document, Key, StaleVersion
from sluiceway.vault.base import VaultConnection
from sluiceway.vault.hosts import parse_hosts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.base import DocumentStore
    from sluiceway.vault.base import Sealer

__all__ = ["APP_IDS", "KIND", "StoredConnections"]

KIND: Final = "vault_connection"
APP_IDS: Final = (
    "ACTIVECAMPAIGN",
    "AIRTABLE",
    "AUTH0",
    "BIGQUERY",
    "CLEARBIT",
    "DOCUSIGN",
    "GOOGLE_SHEETS",
    "HTTP",
    "HUBSPOT",
    "JWT",
    "MAILCHIMP",
    "MAILJET",
    "PIPEDRIVE",
    "SALESFORCE",
    "SENDGRID",
    "SLACK",
    "STRIPE",
    "TELEGRAM",
    "TWILIO",
    "WHATSAPP",
    "ZAPIER",
)
"""The apps that Auth0's API knows (its OpenAPI, and deploy-cli's constants)."""

_FINGERPRINT_BITS: Final = 128
_MOST_KEPT: Final = 256
_SHOWN: Final = ("environment", "account_name")


class StoredConnections(Discreet, msgspec.Struct):
    """The vault's connections over a document store.

    *built_in* are there without being stored: ``local``, the embedded tenant. *find_uses* returns
    the names of the flows that refer to a connection.
    """

    withheld = frozenset({"_kept"})

    documents: DocumentStore
    sealer: Sealer
    find_uses: Callable[[VaultConnection], Awaitable[Sequence[str]]] | None = None
    built_in: tuple[VaultConnection, ...] = ()
    now: Callable[[], datetime] = utc_now
    random_bits: Callable[[int], int] = secrets.randbits
    _kept: dict[str, tuple[int, VaultConnection | None]] = msgspec.field(
        default_factory=dict["str", "tuple[int, VaultConnection | None]"]
    )

    async def find(self, id_or_name: str) -> VaultConnection | None:
        """See ``VaultConnections``. A change counts at once, wherever it was made.

        What was read is kept only where nobody can change it unheard of.
        """
        generation = self.documents.generation(KIND)
        kept = self._kept.get(id_or_name)
        if generation is not None and kept is not None and kept[0] == generation:
            return kept[1]
        found = await self._find(id_or_name)
        if generation is not None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[id_or_name] = (generation, found)
        return found

    async def _find(self, id_or_name: str) -> VaultConnection | None:
        found = await self.documents.get(KIND, id_or_name)
        if found is None:
            named = await self.documents.find(KIND, "name", id_or_name, limit=1)
            found = named[0] if named else None
        if found is not None:
            return self._open(found)
        return next((one for one in self.built_in if id_or_name in {one.id, one.name}), None)

    async def get(self, id_: str) -> VaultConnection:
        """Return the stored connection with that id.

        Raises:
            NotFound: there is none.
        """
        return self._open(await self._load(id_))

    async def list(self, *, offset: int = 0, limit: int = 50) -> list[VaultConnection]:
        """Return one page, oldest first, without setups."""
        rows = await self.documents.list(KIND, offset=offset, limit=limit)
        return [_read(row) for row in rows]

    async def count(self) -> int:
        """Return how many are stored."""
        return await self.documents.count(KIND)

    async def create(
        self,
        *,
        name: str,
        app_id: str,
        setup: JsonObject | None = None,
        more: JsonObject | None = None,
    ) -> VaultConnection:
        """Keep a new connection; without a setup it is not ready. Names need not be unique."""
        at = self.now()
        id_ = new_id("ac", random_bits=self.random_bits)
        body: JsonObject = {
            "name": name,
            "app_id": app_id,
            "fingerprint": self._new_fingerprint(),
            **_account_of(app_id, setup),
            **{key: value for key, value in (more or {}).items() if key in _SHOWN},
        }
        document = Document(
            kind=KIND,
            id=id_,
            body=body,
            created_at=at,
            updated_at=at,
            keys=(Key(name="name", value=name),),
            secret=self._seal(id_, setup),
        )
        await self.documents.insert(document)
        return self._open(document)

    async def update(
        self, id_: str, *, name: str | None = None, setup: JsonObject | None = None
    ) -> VaultConnection:
        """Change the name, or put a setup in place of the old one.

        Raises:
            NotFound: there is no such connection.
        """
        while True:
            old = await self._load(id_)
            body: JsonObject = {**old.body, "fingerprint": self._new_fingerprint()}
            if name is not None:
                body["name"] = name
            if setup is not None:
                body.pop("account_name", None)
                body |= _account_of(str(body["app_id"]), setup)
            new = replace(
                old,
                body=body,
                version=old.version + 1,
                updated_at=self.now(),
                keys=(Key(name="name", value=str(body["name"])),),
                secret=old.secret if setup is None else self._seal(id_, setup),
            )
            try:
                await self.documents.replace(new)
            except StaleVersion:
                continue
            return self._open(new)

    async def restrict(self, id_: str, hosts: Sequence[str]) -> VaultConnection:
        """Name the hosts that the credentials may go to; none: those that flows write.

        Raises:
            NotFound: there is no such connection.
            InvalidRequest: one is no host.
        """
        named: list[JsonValue] = [*parse_hosts(hosts)]
        while True:
            old = await self._load(id_)
            body: JsonObject = {**old.body, "hosts": named}
            new = replace(old, body=body, version=old.version + 1, updated_at=self.now())
            try:
                await self.documents.replace(new)
            except StaleVersion:
                continue
            return self._open(new)

    async def empty(self, id_: str) -> VaultConnection:
        """Forget the connection's setup; its name stays, and it is not ready any more.

        Raises:
            NotFound: there is no such connection.
        """
        while True:
            old = await self._load(id_)
            new = replace(
                old,
                body={
                    **{key: item for key, item in old.body.items() if key != "account_name"},
                    "fingerprint": self._new_fingerprint(),
                },
                version=old.version + 1,
                updated_at=self.now(),
                secret=None,
            )
            try:
                await self.documents.replace(new)
            except StaleVersion:
                continue
            return self._open(new)

    async def delete(self, id_: str, *, force: bool = False) -> None:
        """Delete a connection.

        Raises:
            NotFound: there is none.
            Conflict: flows refer to it and *force* is not set; the message names them.
        """
        connection = _read(await self._load(id_))
        uses: Sequence[str] = ()
        if self.find_uses is not None and not force:
            uses = await self.find_uses(connection)
        if uses:
            raise Conflict(
                f"The connection is used by {len(uses)} flow{'s' if len(uses) > 1 else ''}: "
                f"{', '.join(uses[:5])}.",
                hint="Change those flows first, or force the deletion.",
            )
        await self.documents.delete(KIND, id_)

    async def _load(self, id_: str) -> Document:
        found = await self.documents.get(KIND, id_)
        if found is None:
            raise NotFound("Connection not found")
        return found

    def _open(self, row: Document) -> VaultConnection:
        if row.secret is None:
            return _read(row)
        opened = self.sealer.open(row.secret, identity=f"{KIND}/{row.id}")
        setup: JsonObject = msgspec.json.decode(opened)
        return replace(_read(row), setup=setup)

    def _seal(self, id_: str, setup: JsonObject | None) -> bytes | None:
        if setup is None:
            return None
        return self.sealer.seal(msgspec.json.encode(setup), identity=f"{KIND}/{id_}")

    def _new_fingerprint(self) -> str:
        return f"{self.random_bits(_FINGERPRINT_BITS):032x}"


def _account_of(app_id: str, setup: JsonObject | None) -> JsonObject:
    """Return what Auth0 calls the account, where recordings show it; never a part of a secret."""
    if app_id == "AUTH0" and setup and isinstance(setup.get("domain"), str):
        return {"account_name": setup["domain"]}
    if app_id == "HTTP" and setup and setup.get("type") == "BEARER":
        return {"account_name": "Bearer ***"}
    return {}


def _read(row: Document) -> VaultConnection:
    body = row.body
    account_name, environment = body.get("account_name"), body.get("environment")
    hosts = body.get("hosts")
    return VaultConnection(
        id=row.id,
        app_id=str(body["app_id"]),
        name=str(body["name"]),
        ready=row.secret is not None,
        fingerprint=str(body["fingerprint"]),
        created_at=row.created_at,
        updated_at=row.updated_at,
        account_name=account_name if isinstance(account_name, str) else None,
        environment=environment if isinstance(environment, str) else None,
        hosts=tuple(map(str, hosts)) if isinstance(hosts, list) else (),
    )
