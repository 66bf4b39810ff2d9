"""Open what a command works on: the application here, with its API in this process."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from sluiceway.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from sluiceway.bootstrap import Application
    from sluiceway.settings import Settings

__all__ = ["current_settings", "open_here", "run_async"]

T = TypeVar("T")


def current_settings() -> Settings:
    """Return the settings of this command: environment, ``sluiceway.toml`` and flags.

    Raises:
        UsageError: one of them cannot be used.
    """
    context = click.get_current_context(silent=True)
    given = context.find_root().obj if context else None
    common: dict[str, object] = given or {}
    flags = {key: str(value) for key, value in common.items() if key != "debug"}
    return load_settings(environment=os.environ, folder=Path.cwd(), flags=flags)


@asynccontextmanager
async def open_here(settings: Settings) -> AsyncGenerator[Application]:
    """Open the application in this process."""
    from sluiceway.api.app import build_app  # noqa: PLC0415 - only by commands that need it
    from sluiceway.api.services import Services  # noqa: PLC0415
    from sluiceway.bootstrap import open_application  # noqa: PLC0415

    async with open_application(
        settings, make_api=lambda application: build_app(Services(tenant=application.tenant))
    ) as application:
        yield application


def run_async(work: Coroutine[None, None, T], *, is_lasting: bool = False) -> T:
    """Run *work* to its end; what *is_lasting* is worth loading a faster event loop for."""
    with asyncio.Runner(loop_factory=_fast_loop() if is_lasting else None) as runner:
        return runner.run(work)


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - slow to load
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop
