"""What an execution needs to run and to resume, as it is kept: JSON, compressed, then sealed."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict, cast

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.models.execution import ExecutionInput

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.vault.base import Sealer

__all__ = [
    "Payload",
    "digest_of",
    "encode",
    "message_identity",
    "open_json",
    "open_payload",
    "open_snapshot",
    "payload_identity",
    "seal_json",
    "seal_payload",
    "seal_snapshot",
    "snapshot_identity",
]

encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_WORTH_COMPRESSING: Final = 1024
_PLAIN, _PACKED = b"\x00", b"\x01"


class Payload(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What an execution was started with; *seed* is the secret all its randomness comes from.

    *outputs* are those of steps that are not a part of the flow, for a part of it that is tried.
    """

    withheld = frozenset({"seed", "outputs"})

    input: ExecutionInput
    seed: str
    outputs: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])


def digest_of(document: bytes) -> str:
    """Return the name of a flow's wording: 64 hexadecimal digits."""
    return hashlib.sha256(document).hexdigest()


def message_identity(message_id: str) -> str:
    """Return the identity that an outbox message's content is sealed for."""
    return f"outbox/{message_id}"


def payload_identity(execution_id: str) -> str:
    """Return the identity that an execution's input and seed are sealed for."""
    return f"execution/{execution_id}"


def snapshot_identity(digest: str) -> str:
    """Return the identity that a flow's wording is sealed for."""
    return f"flow_snapshot/{digest}"


def seal_json(sealer: Sealer, value: JsonValue, *, identity: str) -> bytes:
    """Seal *value* for the row that *identity* names."""
    data = encode(value)
    if len(data) < _WORTH_COMPRESSING:
        return sealer.seal(_PLAIN + data, identity=identity)
    return sealer.seal(_PACKED + zlib.compress(data, 1), identity=identity)


def open_json(sealer: Sealer, sealed: bytes, *, identity: str) -> JsonValue:
    """Open what ``seal_json`` gave. Raises ``VaultError``."""
    data = sealer.open(sealed, identity=identity)
    body = zlib.decompress(data[1:]) if data[:1] == _PACKED else data[1:]
    value: JsonValue = _decode(body)
    return value


def seal_payload(sealer: Sealer, payload: Payload, *, execution_id: str) -> bytes:
    """Seal an execution's input and seed."""
    value: JsonObject = {"input": payload.input.as_json(), "seed": payload.seed}
    if payload.outputs:
        value["outputs"] = payload.outputs
    return seal_json(sealer, value, identity=payload_identity(execution_id))


def open_payload(sealer: Sealer, sealed: bytes, *, execution_id: str) -> Payload:
    """Open what ``seal_payload`` gave. Raises ``VaultError``."""
    value = open_json(sealer, sealed, identity=payload_identity(execution_id))
    kept = cast("_KeptPayload", value)
    return Payload(
        input=ExecutionInput(**kept["input"]), seed=kept["seed"], outputs=kept.get("outputs", {})
    )


def seal_snapshot(sealer: Sealer, document: bytes, digest: str) -> bytes:
    """Seal a flow's wording."""
    return sealer.seal(zlib.compress(document, 6), identity=snapshot_identity(digest))


def open_snapshot(sealer: Sealer, sealed: bytes, digest: str) -> JsonValue:
    """Open what ``seal_snapshot`` gave. Raises ``VaultError``."""
    data = zlib.decompress(sealer.open(sealed, identity=snapshot_identity(digest)))
    value: JsonValue = _decode(data)
    return value


class _KeptInput(TypedDict):
    context: JsonObject
    fields: JsonObject
    vars: JsonObject


class _KeptPayload(TypedDict):
    input: _KeptInput
    seed: str
    outputs: NotRequired[JsonObject]
