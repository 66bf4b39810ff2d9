"""Access tokens of HTTP connections that use OAuth client credentials: kept, and renewed in time.

Source: RFC 6749, section 4.4; the parameters ``audience`` (Auth0) and ``resource`` (RFC 8707).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from sluiceway.errors import ConnectionUnusable
from sluiceway.tenants.tokens import ClientCredentials

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject
    from sluiceway.tenants.tokens import Token, Tokens
    from sluiceway.vault.base import VaultConnection

__all__ = ["ConnectionTokens"]

_OPTIONAL: Final = ("audience", "resource", "scope")


class ConnectionTokens(msgspec.Struct, frozen=True):
    """See ``ActionContext.access_token``."""

    tokens: Tokens

    async def __call__(self, connection: VaultConnection, *, instead_of: str = "") -> str:
        """Return a token of *connection*; another one than *instead_of*, which was refused.

        Raises:
            ConnectionUnusable: its setup is not one of client credentials.
            TokenError: the token endpoint refused one.
            OutboundError: the token endpoint gave no answer.
        """
        credentials = _credentials(connection)
        token = await self.tokens.get(credentials)
        if instead_of and token.text == instead_of:
            await self.tokens.drop(credentials, token)
            token = await self.tokens.get(credentials)
        return token.text

    async def new_token(self, connection: VaultConnection) -> Token:
        """Return a token that was asked for just now, to test the connection with.

        Raises:
            ConnectionUnusable, TokenError, OutboundError: as above.
        """
        return await self.tokens.get_anew(_credentials(connection))


def _credentials(connection: VaultConnection) -> ClientCredentials:
    setup = connection.setup or {}
    endpoint = _text(setup, "token_endpoint", connection)
    return ClientCredentials(
        key=f"{connection.id}/{connection.fingerprint}",
        domain=urlsplit(endpoint).netloc,
        client_id=_text(setup, "client_id", connection),
        client_secret=_text(setup, "client_secret", connection),
        audience="",
        token_endpoint=endpoint,
        more=tuple(
            (name, value)
            for name in _OPTIONAL
            if isinstance(value := setup.get(name), str) and value
        ),
    )


def _text(setup: JsonObject, key: str, connection: VaultConnection) -> str:
    found = setup.get(key)
    if not isinstance(found, str) or not found:
        raise ConnectionUnusable(
            f"expected {key} in the setup of the vault connection {connection.name!r}, found none"
        )
    return found
