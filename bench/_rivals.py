"""The same five-step no-op flow in other durable engines, each in a process of its own.

    python bench/_rivals.py dbos URL EXECUTIONS
    python bench/_rivals.py absurd URL EXECUTIONS

Prints the executions a second. Both are set up as fast as their documentation allows: short polls,
many in flight; DBOS on SQLite with a write-ahead log, which it does not set by itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from typing import Any

STEPS = 5
IN_FLIGHT = 20


def dbos(url: str, executions: int) -> float:
    """Return executions a second of DBOS: workflows started 20 at a time, and awaited."""
    from dbos import DBOS, DBOSConfig

    if url.startswith("sqlite:///"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "log_level": "ERROR",
        "application_version": "1",
        "executor_id": "one",
    }
    DBOS(config=config)

    @DBOS.step()
    async def nothing(number: int) -> int:
        return number

    @DBOS.workflow()
    async def flow() -> None:
        for number in range(STEPS):
            await nothing(number)

    DBOS.launch()

    async def main() -> float:
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one() -> None:
            async with gate:
                handle = await DBOS.start_workflow_async(flow)
                await handle.get_result(polling_interval_sec=0.02)

        await one()
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(executions)))
        return executions / (time.perf_counter() - began)

    rate = asyncio.run(main())
    DBOS.destroy()
    return rate


def absurd(url: str, executions: int) -> float:
    """Return executions a second of Absurd's own SDK worker: spawned first, then worked off."""
    import absurdctl
    import psycopg
    from absurd_sdk import AsyncAbsurd

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(absurdctl.BUNDLED_SCHEMA_SQL)

    async def main() -> float:
        client: Any = AsyncAbsurd(url, queue_name="bench")
        worker: Any = AsyncAbsurd(url, queue_name="bench")
        await client.create_queue()
        done = asyncio.Event()
        count = 0

        async def flow(_params: Any, context: Any) -> dict[str, int]:
            nonlocal count

            async def nothing() -> int:
                return 1

            for number in range(STEPS):
                await context.step(f"step {number}", nothing)
            count += 1
            if count == executions:
                done.set()
            return {"done": 1}

        worker.register_task(name="flow")(flow)
        client.register_task(name="flow")(flow)
        began = time.perf_counter()
        working = asyncio.create_task(
            worker.start_worker(
                concurrency=IN_FLIGHT, batch_size=IN_FLIGHT, poll_interval=0.02, claim_timeout=60
            )
        )
        for number in range(executions):
            await client.spawn("flow", {"n": number})
        await done.wait()
        rate = executions / (time.perf_counter() - began)
        worker.stop_worker()
        await working
        await client.close()
        return rate

    return asyncio.run(main())


if __name__ == "__main__":
    _, name, url, executions = sys.argv
    print(f"rate {({'dbos': dbos, 'absurd': absurd})[name](url, int(executions)):.2f}")
