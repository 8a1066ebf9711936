"""Prints the hits a second of Python limits: the fastest of several rounds."""

import asyncio
import sys
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import STRATEGIES


async def main() -> None:
    uri, implementation, strategy = sys.argv[1:4]
    tasks, hits, keys, rounds, amount = map(int, sys.argv[4:9])
    storage = RedisStorage(f"async+{uri}", implementation=implementation)
    limiter = STRATEGIES[strategy](storage)
    item = RateLimitItemPerMinute(amount)

    async def drive(task: int) -> None:
        for number in range(task, hits, tasks):
            assert await limiter.hit(item, f"user-{number % keys}")

    best = 0.0
    for _ in range(rounds):
        await drive(hits - 1)
        start = time.perf_counter()
        await asyncio.gather(*(drive(task) for task in range(tasks)))
        best = max(best, hits / (time.perf_counter() - start))
    print(int(best))


asyncio.run(main())
