"""Choose what wraps the data keys: the master key itself, or an outside service by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.errors import VaultError
from sluiceway.extensions import discover_entry_points
from sluiceway.vault.base import KeyWrapperSpec
from sluiceway.vault.master_key import LocalKey, decode_master_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.vault.base import KeyWrapper

__all__ = ["GROUP", "open_key_wrapper"]

GROUP: Final = "sluiceway.key_wrappers"
# Base64 has no colon, so that a key can never be taken for a name.
_NAMED: Final = re.compile(r"([a-z][a-z0-9_-]*):(.*)", re.DOTALL)


def open_key_wrapper(
    text: str, *, origin: str, specs: Iterable[KeyWrapperSpec] | None = None
) -> KeyWrapper:
    """Return what the setting *text* names: 32 bytes in base64, or ``NAME:REST``.

    Args:
        text: the value of ``SLUICEWAY_VAULT_KEY``.
        origin: where it came from, for messages.
        specs: those to choose from; by default what is installed.

    Raises:
        VaultError: it is neither.
    """
    named = _NAMED.fullmatch(text.strip())
    if named is None:
        return LocalKey(decode_master_key(text, origin=origin), origin)
    if specs is None:
        specs = (spec for _, spec in discover_entry_points(GROUP, KeyWrapperSpec))
    known = {spec.name: spec for spec in specs}
    spec = known.get(named[1])
    if spec is None:
        raise VaultError(
            f"expected a key wrapper that is installed ({', '.join(sorted(known)) or 'none is'}), "
            f"found {named[1]!r}",
            at=origin,
            hint="Install the package that offers it, or give 32 bytes in base64.",
        )
    return spec.build(named[2])
