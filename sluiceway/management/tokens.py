"""Access tokens of the embedded tenant: given for a client's secret, checked on every call."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

import msgspec

from sluiceway.management import clients
from sluiceway.management.guessing import Guesser
from sluiceway.management.jws import InvalidToken, read_header, sign, verify
from sluiceway.management.passwords import matches_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.management.environment import Environment
    from sluiceway.management.signing_keys import SigningKeys
    from sluiceway.models.json import JsonObject
    from sluiceway.storage.base import Document

__all__ = ["ASSERTION_TYPE", "Claims", "OAuthRefusal", "Tokens"]

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME_S: Final = 86_400
_REMEMBERED: Final = 512
_TRUSTED_FOR_S: Final = 10.0
# Spends the time of a real comparison where there is no such client.
_NOBODY: Final = b"\x01" + bytes(48)


class OAuthRefusal(Exception):
    """A refusal in OAuth's shape (RFC 6749, section 5.2), with Auth0's words.

    *status* is part of that protocol: the same ``error`` comes with several.
    """

    def __init__(
        self, status: int, error: str, description: str, *, uri: str = "", retry_after_s: int = 0
    ) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.uri = uri
        self.retry_after_s = retry_after_s


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a good token says: who may do what, until when (seconds since 1970)."""

    client_id: str
    scopes: frozenset[str]
    expires_at: float


class Tokens:
    """Issues and checks tokens; checked ones are remembered until they end."""

    def __init__(self, environment: Environment, keys: SigningKeys) -> None:
        self._environment = environment
        self._keys = keys
        self._known: dict[str, tuple[str, Claims]] = {}
        self._fresh_key = environment.random_bits(256).to_bytes(32, "big")
        self._seen_at: dict[str, float] = {}
        self._proven: dict[str, tuple[bytes, bytes]] = {}

    async def grant(
        self,
        fields: Mapping[str, str],
        *,
        authorization: str = "",
        host: str = "",
        address: str = "",
    ) -> JsonObject:
        """Answer ``POST /oauth/token``.

        Args:
            fields: the form's or the JSON's members.
            authorization: the header, for ``client_secret_basic``.
            host: the host the request came to; ``https://{host}/api/v2/`` names this API too.
            address: where the request came from; guesses are counted for each.

        Raises:
            OAuthRefusal: the client, its secret, its grants or the request are not good.
        """
        client_id, secret = _credentials(fields, authorization)
        if not client_id and fields.get("client_assertion"):
            client_id = self._client_of_assertion(fields)
        client = await self._authenticate(client_id, secret, fields, address)
        grant_type = fields.get("grant_type", "")
        if not grant_type:
            raise OAuthRefusal(403, "invalid_request", "Missing required parameter: grant_type")
        allowed = client.body.get("grant_types")
        if grant_type != "client_credentials" or (
            isinstance(allowed, list) and grant_type not in allowed
        ):
            raise OAuthRefusal(
                403,
                "unauthorized_client",
                f"Grant type '{grant_type}' not allowed for the client.",
                uri="https://auth0.com/docs/clients/client-grant-types",
            )
        audience = self._audience(fields.get("audience", ""), host)
        granted = await clients.granted_scopes(self._environment, client_id, audience)
        if granted is None:
            if not await self._is_known(audience):
                raise OAuthRefusal(403, "access_denied", f"Service not found: {audience}")
            raise OAuthRefusal(
                403,
                "access_denied",
                f'Client is not authorized to access "{fields.get("audience") or audience}". '
                'You need to create a "client-grant" associated to this API. See: '
                "https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
            )
        asked = fields.get("scope", "").split()
        scopes = [scope for scope in granted if scope in asked] if asked else granted
        answer: JsonObject = {"access_token": await self.issue(client_id, scopes, audience)}
        if scopes:
            answer["scope"] = " ".join(scopes)
        return {**answer, "expires_in": _LIFETIME_S, "token_type": "Bearer"}

    async def issue(self, client_id: str, scopes: list[str], audience: str) -> str:
        """Return a token for *client_id*; who asks has been checked."""
        key = await self._keys.current()
        now = int(self._environment.now().timestamp())
        claims: JsonObject = {
            "iss": self._environment.issuer,
            "sub": f"{client_id}@clients",
            "aud": audience,
            "iat": now,
            "exp": now + _LIFETIME_S,
            "gty": "client-credentials",
            "azp": client_id,
            "jti": f"{self._environment.random_bits(128):032x}",
        }
        if scopes:
            claims["scope"] = " ".join(scopes)
        return sign(claims, key)

    async def check(self, token: str) -> Claims:
        """Return what the token says.

        Raises:
            InvalidToken: it is not ours, for another audience, or over.
        """
        now = self._environment.now().timestamp()
        known = self._known.get(token)
        if known is None:
            known = await self._check_new(token, now)
            if len(self._known) >= _REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[token] = known
        kid, claims = known
        if claims.expires_at <= now:
            raise InvalidToken("the token has expired")
        if await self._keys.find(kid) is None:
            raise InvalidToken("the token's key was revoked")
        if not await self._is_there(claims.client_id, now):
            raise InvalidToken("the token's client was revoked")
        return claims

    async def _is_there(self, client_id: str, now: float) -> bool:
        """Tell whether the client is there, or was so up to ten seconds ago."""
        if self._seen_at.get(client_id, -_TRUSTED_FOR_S) + _TRUSTED_FOR_S > now:
            return True
        if await self._environment.documents.get(clients.KIND, client_id) is None:
            self._seen_at.pop(client_id, None)
            return False
        if len(self._seen_at) >= _REMEMBERED:
            self._seen_at.clear()
        self._seen_at[client_id] = now
        return True

    async def _check_new(self, token: str, now: float) -> tuple[str, Claims]:
        kid = read_header(token).get("kid")
        key = await self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidToken("the token names no key of this tenant")
        claims = verify(token, key)
        audience = claims.get("aud")
        ours = self._environment.audience
        if audience != ours and not (isinstance(audience, list) and ours in audience):
            raise InvalidToken("the token is for another audience")
        if claims.get("iss") != self._environment.issuer:
            raise InvalidToken("the token is of another issuer")
        begins, ends = claims.get("nbf", 0), claims.get("exp")
        if not isinstance(begins, int | float) or begins > now:
            raise InvalidToken("the token is not good yet")
        if isinstance(ends, bool) or not isinstance(ends, int | float):
            raise InvalidToken("the token has no end")
        client_id, scope = claims.get("azp"), claims.get("scope", "")
        if not isinstance(client_id, str) or not isinstance(scope, str):
            raise InvalidToken("the token names no client")
        return str(kid), Claims(
            client_id=client_id, scopes=frozenset(scope.split()), expires_at=float(ends)
        )

    async def sign_in(self, client_id: str, secret: str, *, address: str = "") -> list[str]:
        """Check a client's secret; return its scopes on this API, for a console session.

        *address* is where the request came from.

        Raises:
            OAuthRefusal: they are not good.
        """
        await self._authenticate(client_id, secret, {}, address)
        granted = await clients.granted_scopes(
            self._environment, client_id, self._environment.audience
        )
        return granted or []

    async def _authenticate(
        self, client_id: str, secret: str, fields: Mapping[str, str], address: str
    ) -> Document:
        client = await self._environment.documents.get(clients.KIND, client_id)
        guesser = Guesser(client_id=client_id, address=address, is_known=client is not None)
        wait = await guesser.wait_s(self._environment)
        if wait > 0:
            raise OAuthRefusal(
                429,
                "too_many_attempts",
                "Too many failed attempts. Try again later.",
                retry_after_s=int(wait) + 1,
            )
        if fields.get("client_assertion"):
            from sluiceway.management.assertions import is_good_assertion  # noqa: PLC0415 - rare

            good = client is not None and await is_good_assertion(self._environment, client, fields)
        else:
            kept = clients.kept_secret(self._environment, client) if client else b""
            good = await self._matches(client_id, secret, kept or _NOBODY) and bool(kept)
        if client is None or not good:
            await guesser.note_failure(self._environment)
            raise OAuthRefusal(401, "access_denied", "Unauthorized")
        return client

    async def _matches(self, client_id: str, secret: str, kept: bytes) -> bool:
        """Compare a secret; one that was right a moment ago costs no second scrypt."""
        digest = hmac.digest(self._fresh_key, secret.encode(), "sha256")
        before = self._proven.get(client_id)
        if before is not None and before[0] == kept:
            return hmac.compare_digest(before[1], digest)
        if not await matches_secret(secret, kept):
            return False
        if len(self._proven) >= _REMEMBERED:
            self._proven.clear()
        self._proven[client_id] = (kept, digest)
        return True

    async def proves(self, client: Document, secret: str) -> bool:
        """Tell whether *secret* is the client's."""
        kept = clients.kept_secret(self._environment, client)
        return bool(kept) and await self._matches(client.id, secret, kept)

    def _client_of_assertion(self, fields: Mapping[str, str]) -> str:
        from sluiceway.management.assertions import subject_of  # noqa: PLC0415 - rare

        return subject_of(fields["client_assertion"])

    async def _is_known(self, audience: str) -> bool:
        """Tell whether *audience* is an API of this tenant."""
        if audience == self._environment.audience:
            return True
        documents = self._environment.documents
        return bool(await documents.find("resource_server", "identifier", audience, limit=1))

    def _audience(self, asked: str, host: str) -> str:
        if asked in {"", f"https://{host}/api/v2/"}:
            return self._environment.audience
        return asked


def _credentials(fields: Mapping[str, str], authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise OAuthRefusal(401, "access_denied", "Unauthorized") from error
        client_id, _, secret = text.partition(":")
        return unquote_plus(client_id), unquote_plus(secret)
    return fields.get("client_id", ""), fields.get("client_secret", "")
