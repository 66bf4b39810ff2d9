"""A worker process of the benches: ``python bench/_worker.py URL``; works until it is killed."""

from __future__ import annotations

import asyncio
import sys

from bench._laboratory import Laboratory


async def main(url: str) -> None:
    laboratory = Laboratory(url)
    print("up", flush=True)
    await laboratory.worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
