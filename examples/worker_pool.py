# A TaskGroup of workers, a deadline, a retry, and what happens to the others when one of them fails.
import asyncio


class Flaky(Exception):
    pass


class Job:
    def __init__(self, name, failures=0, seconds=0.0):
        self.name, self.failures, self.seconds = name, failures, seconds

    async def run(self):
        await asyncio.sleep(self.seconds)
        if self.failures:
            self.failures -= 1
            raise Flaky(self.name)
        return self.name.upper()


async def retry(job, attempts):
    for attempt in range(1, attempts + 1):
        try:
            return f"{await job.run()} (attempt {attempt})"
        except Flaky as error:
            print("  retrying", error)
            await asyncio.sleep(0)
    raise Flaky(f"{job.name} failed {attempts} times")


async def patient(name):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("  cancelled:", name)
        raise


async def main():
    print("all well")
    async with asyncio.TaskGroup() as group:
        jobs = Job("ant"), Job("bee", failures=2), Job("cat", failures=1)
        tasks = [group.create_task(retry(job, attempts=3)) for job in jobs]
    print(" ", [task.result() for task in tasks])

    print("one fails")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(patient("dog"))
            group.create_task(retry(Job("fox", failures=9), attempts=2))
    except* Flaky as errors:
        print(" ", repr(errors))

    print("too slow")
    try:
        async with asyncio.timeout(0.02):
            await retry(Job("gnu", seconds=3600), attempts=1)
    except TimeoutError as error:
        print("  timed out:", repr(error))

    print("slow, but not to be cancelled")
    task = asyncio.create_task(Job("hen", seconds=0.03).run())
    try:
        await asyncio.wait_for(asyncio.shield(task), timeout=0.01)
    except TimeoutError:
        print("  gave up waiting, done:", task.done())
    print(" ", await task)

    print("as they finish")
    for first in asyncio.as_completed([Job("late", seconds=0.03).run(), Job("soon", seconds=0.01).run()]):
        print(" ", await first)


asyncio.run(main())
