"""Lets a test in another language use the package limits.

usage: driver.py sync|async|IMPLEMENTATION URI OPTIONS

IMPLEMENTATION is the name of a client with tasks: coredis, redispy, memcachio.
OPTIONS, in JSON, are those of the storage. Each line on standard input asks for
one operation, in JSON; the line that answers it on standard output has either
its "result" or the "error". Instants are integers: microseconds since the epoch.
The end of the input ends the driver.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import limits
import limits.aio.strategies
import limits.strategies
from limits.limits import RateLimitItem
from limits.storage import storage_from_string

# How many hits of one operation are under way at once.
WORKERS = 4

Call = Callable[..., Awaitable[Any]]
Request = dict[str, Any]


class Driver:
    def __init__(self, implementation: str, uri: str, options: dict[str, Any]) -> None:
        self.is_sync = implementation == "sync"
        if self.is_sync:
            self.strategies: dict[str, Any] = limits.strategies.STRATEGIES
            self.storage: Any = storage_from_string(uri, **options)
        else:
            self.strategies = limits.aio.strategies.STRATEGIES
            if implementation != "async":
                options = {"implementation": implementation, **options}
            self.storage = storage_from_string(f"async+{uri}", **options)

    def asynchronous(self, function: Callable[..., Any]) -> Call:
        if not self.is_sync:
            return function
        return lambda *args, **kwargs: asyncio.to_thread(function, *args, **kwargs)

    async def answer(self, request: Request) -> Any:
        operation = request["op"]
        if operation in ("check", "reset"):
            return await self.asynchronous(getattr(self.storage, operation))()
        limiter = self.strategies[request["strategy"]](self.storage)
        window = (item(request), *request["identifiers"])
        if operation == "hit":
            return await self.hit(self.asynchronous(limiter.hit), window, request)
        if operation == "test":
            test = self.asynchronous(limiter.test)
            return await test(*window, cost=request["cost"])
        if operation == "stats":
            stats = await self.asynchronous(limiter.get_window_stats)(*window)
            return {"reset_time": micros(stats.reset_time), "remaining": stats.remaining}
        if operation == "clear":
            return await self.asynchronous(limiter.clear)(*window)
        raise ValueError(f"no operation {operation}")

    async def hit(self, hit: Call, window: tuple[Any, ...], request: Request) -> int:
        """Hits once with each of the costs, from an instant on; tells the units admitted."""
        costs = iter(request["costs"])
        admitted = 0

        async def work() -> None:
            nonlocal admitted
            for cost in costs:
                if await hit(*window, cost=cost):
                    admitted += cost
                await asyncio.sleep(request["pause_ms"] / 1_000)

        await asyncio.sleep(request["at"] / 1_000_000 - time.time())
        await asyncio.gather(*(work() for _ in range(WORKERS)))
        return admitted


def item(request: Request) -> RateLimitItem:
    limit = limits.parse(request["limit"])
    limit.namespace = request["namespace"]
    return limit


def micros(instant: float) -> int:
    return round(instant * 1_000_000)


async def main(implementation: str, uri: str, options: str) -> None:
    driver = Driver(implementation, uri, json.loads(options))
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            answer = {"result": await driver.answer(json.loads(line))}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
