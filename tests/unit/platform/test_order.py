import asyncio

from bascule.errors import ApiError, BasculeError, PlanError
from bascule.platform.order import PARALLEL_MAX, join_errors, run_in_order


async def test_each_begins_when_all_that_it_needs_have_ended() -> None:
    done: list[str] = []

    async def work(key: str) -> None:
        await asyncio.sleep(0)
        done.append(key)

    failed = await run_in_order(["c", "a", "b"], {"c": ["a", "b"], "b": ["a", "elsewhere"]}, work)

    assert done == ["a", "b", "c"]
    assert failed == {}


async def test_what_needs_one_that_failed_is_left_out_and_the_rest_is_done() -> None:
    done: list[str] = []

    async def work(key: str) -> None:
        if key == "a":
            raise ApiError("no")
        done.append(key)

    failed = await run_in_order(["a", "b", "c", "other"], {"b": ["a"], "c": ["b"]}, work)

    assert list(failed) == ["a"]
    assert done == ["other"]


async def test_only_so_many_are_worked_on_at_the_same_time() -> None:
    now = most = 0

    async def work(key: str) -> None:
        nonlocal now, most
        del key
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    await run_in_order([str(n) for n in range(20)], {}, work)

    assert most == PARALLEL_MAX


def test_the_first_error_names_the_others() -> None:
    first: BasculeError = PlanError("a", remedy="do x")

    assert join_errors([first, ApiError("b")]).remedy == "do x\nalso b"
    assert join_errors([ApiError("a")]).remedy == ""
