"""At the start: free what dead incarnations held, so that it goes on at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sluiceway.engine.base import Engine

__all__ = ["recover"]

_log: Final = logging.getLogger(__name__)


async def recover(engine: Engine, owner: str) -> int:
    """Make claimable at once what incarnations other than *owner* left unfinished.

    Returns:
        How many; 0 where the store cannot know that their workers are dead, and their leases have
        to run out.
    """
    freed = await engine.store.recover(owner)
    if freed:
        _log.info("resuming %d executions that were left unfinished", freed)
    return freed
