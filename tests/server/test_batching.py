"""The queue alone, with a model that is a function."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from postplace.server.batching import Batcher, Batching
from postplace.server.http_errors import Refusal


def test_requests_share_batches_and_keep_their_answers() -> None:
    sizes: list[int] = []

    async def run() -> list[int]:
        batcher = Batcher[int, int](lambda items: [2 * item for item in items], Batching(size=4), seen=sizes.append)
        await batcher.start()
        found = await asyncio.gather(*(batcher.ask(n) for n in range(10)))
        await batcher.stop()
        return list(found)

    assert asyncio.run(run()) == [2 * n for n in range(10)]
    assert sizes == [4, 4, 2]


def test_a_full_queue_refuses_and_the_patient_wait() -> None:
    free = threading.Event()

    def answer(items: Sequence[int]) -> list[int]:
        free.wait(10)
        return list(items)

    async def run() -> tuple[int, int | None, list[int]]:
        batcher = Batcher[int, int](answer, Batching(size=1, wait_s=0.0, most=2))
        await batcher.start()
        first = asyncio.create_task(batcher.ask(0))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(batcher.ask(n)) for n in (1, 2)]
        await asyncio.sleep(0.01)
        with pytest.raises(Refusal) as refused:
            await batcher.ask(3)
        patient = asyncio.create_task(batcher.ask(4, patient=True))
        await asyncio.sleep(0.01)
        free.set()
        found = await asyncio.gather(first, *rest, patient)
        await batcher.stop()
        return refused.value.status, refused.value.retry_s, list(found)

    status, retry, found = asyncio.run(run())
    assert status == 429
    assert found == [0, 1, 2, 4]
    assert retry is not None
    assert retry >= 1


def test_a_cancelled_request_is_dropped() -> None:
    seen: list[int] = []

    def answer(items: Sequence[int]) -> list[int]:
        seen.extend(items)
        return list(items)

    async def run() -> None:
        batcher = Batcher[int, int](answer, Batching(wait_s=0.0))
        waiting = [asyncio.create_task(batcher.ask(n)) for n in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.sleep(0)
        await batcher.start()
        assert list(await asyncio.gather(waiting[0], waiting[2])) == [0, 2]
        await batcher.stop()

    asyncio.run(run())
    assert seen == [0, 2]


def test_one_bad_item_takes_no_other_down() -> None:
    def answer(items: Sequence[int]) -> list[int]:
        if 1 in items:
            raise ValueError
        return list(items)

    async def run() -> list[object]:
        batcher = Batcher[int, int](answer)
        await batcher.start()
        found = await asyncio.gather(*(batcher.ask(n) for n in range(3)), return_exceptions=True)
        await batcher.stop()
        return list(found)

    found = asyncio.run(run())
    assert (found[0], type(found[1]), found[2]) == (0, ValueError, 2)


def test_an_answer_that_takes_too_long() -> None:
    async def run() -> int:
        batcher = Batcher[int, int](lambda items: list(items), Batching(answer_s=0.05))
        with pytest.raises(Refusal) as refused:  # nobody has started it
            await batcher.ask(1)
        return refused.value.status

    assert asyncio.run(run()) == 429


def test_the_patient_wait_for_an_answer_as_long_as_it_takes() -> None:
    def answer(items: Sequence[int]) -> list[int]:
        time.sleep(0.2)
        return list(items)

    async def run() -> list[object]:
        batcher = Batcher[int, int](answer, Batching(size=1, wait_s=0.0, most=8, answer_s=0.1))
        await batcher.start()
        heavy = [asyncio.create_task(batcher.ask(n)) for n in range(2)]
        lines = [asyncio.create_task(batcher.ask(n, patient=True)) for n in range(2, 5)]
        found = await asyncio.gather(*heavy, *lines, return_exceptions=True)
        await batcher.stop()
        return list(found)

    *heavy, a, b, c = asyncio.run(run())
    assert all(isinstance(refused, Refusal) for refused in heavy)
    assert (a, b, c) == (2, 3, 4)


def test_the_patient_leave_half_of_the_queue_to_others() -> None:
    async def run() -> list[int]:
        batcher = Batcher[int, int](lambda items: list(items), Batching(size=2, wait_s=0.0, most=6))
        patient = [asyncio.create_task(batcher.ask(n, patient=True)) for n in range(20)]
        await asyncio.sleep(0.01)
        assert batcher.length == 3
        batcher.check_room()
        others = [asyncio.create_task(batcher.ask(n)) for n in range(20, 23)]
        await asyncio.sleep(0.01)
        assert batcher.length == 6
        await batcher.start()
        found = await asyncio.wait_for(asyncio.gather(*patient, *others), 10)
        await batcher.stop()
        return list(found)

    assert asyncio.run(run()) == list(range(23))


def test_a_batch_is_no_heavier_than_it_may_be() -> None:
    """At most 7 each; what is heavier goes alone, and who has gone weighs nothing."""
    batches: list[list[int]] = []

    def answer(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        return list(items)

    async def run() -> None:
        batcher = Batcher[int, int](answer, Batching(wait_s=0.0, heaviest=7), weigh=lambda item: item)
        asked = [asyncio.create_task(batcher.ask(n)) for n in (3, 4, 5, 2, 9, 1, 7)]
        await asyncio.sleep(0)
        asked[5].cancel()
        await asyncio.sleep(0)
        await batcher.start()
        await asyncio.gather(*asked, return_exceptions=True)
        await batcher.stop()

    asyncio.run(run())
    assert batches == [[3, 4], [5, 2], [9], [7]]
