"""`make azure-real`: settles by a real subscription what the lab could only assume.

Says how long it takes and what is charged, asks, makes throw-away resources, puts its questions,
writes a fact file, and removes everything, also when it is interrupted
(docs/reference/azure-real.md).
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from bascule.app.logs import set_up_logs
from bascule.azure.opening import SUBSCRIPTION, find_subscription
from bascule.errors import BasculeError, UsageError
from bascule.spec.azure.prices import Prices
from bascule.spec.load import parse_prices
from scripts.azure_real import fact_file, throwaway
from scripts.azure_real.judging import Fact, judge_waits
from scripts.azure_real.questions import QUESTIONS, Question, choose
from scripts.azure_real.saying import tell
from scripts.azure_real.world import Settings, World, open_world

OUTPUT = Path(__file__).parents[2] / "benchmarks/results/azure-real.json"
INTERRUPTED = 130
WAITS = "retry_after"
WAITS_TEXT = "Which Retry-After do operations send, and how long do they take?"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED
    except BasculeError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.remedy:
            print(f"  what to do: {error.remedy}", file=sys.stderr)
        return error.exit_code


async def _run(options: argparse.Namespace) -> int:
    set_up_logs(least="warning")
    questions = choose(options.only)
    with tempfile.TemporaryDirectory(prefix="bascule-azure-real-") as directory:
        async with open_world(_settings(options), dict(os.environ), Path(directory), tell) as world:
            if options.remove:
                await throwaway.sweep(world)
                return _say_left(await throwaway.find_left(world))
            await throwaway.require_free(world)
            asking_s = sum(question.lasts_s for question in questions)
            has_green = any(question.needs_clusters for question in questions)
            for line in throwaway.describe_cost(world, asking_s=asking_s, has_green=has_green):
                tell(line)
            if not options.yes and not _is_wanted(options.resource_group):
                tell("nothing was made")
                return 1
            return await _ask_and_remove(world, questions, options.output)


def _cancel_once() -> None:
    """Let the first signal that ends us remove everything, and further ones not hinder that."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if task is not None and not task.cancelling():
            task.cancel()
        else:
            tell("everything is being removed: let it end")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            loop.add_signal_handler(number, interrupt)


async def _ask_and_remove(world: World, questions: tuple[Question, ...], output: Path) -> int:
    """Ask these questions; whatever happens, remove everything and write what was found."""
    _cancel_once()
    facts: dict[str, Fact] = {}
    is_done = False
    try:
        await _ask_all(world, questions, facts, output)
        await throwaway.remove(world)
        is_done = True
    except BasculeError as error:
        tell(f"failed: {error}")
    except asyncio.CancelledError:
        tell("interrupted: everything is removed now; let it end")
        raise
    finally:
        left = await _sweep(world)
        _write(world, output, facts, is_whole=is_done and questions == QUESTIONS, left=left)
        tell(f"wrote {output}: read it before you show it to anybody")
        code = _say_left(left)
    return code if is_done else code or 1


async def _sweep(world: World) -> tuple[str, ...]:
    """Remove what is left; returns what could not be, which costs money until it is."""
    try:
        await throwaway.sweep(world)
        return await throwaway.find_left(world)
    except BasculeError as error:
        tell(f"failed: {error}")
        return (world.settings.group,)


async def _ask_all(
    world: World, questions: tuple[Question, ...], facts: dict[str, Fact], output: Path
) -> None:
    """Ask one after the other; what was found is in the file at once, should this run be killed."""
    await throwaway.make(world, has_green=False)
    await _prepare(world, questions, facts)
    is_pair = False
    for question in questions:
        if question.key in facts:
            continue
        if question.needs_clusters and not is_pair:
            await throwaway.make(world, has_green=True)
            is_pair = True
        tell(f"asking      {question.text}")
        try:
            facts[question.key] = await question.ask(world)
        except* BasculeError as group:
            why = "; ".join(str(each) for each in group.exceptions)
            facts[question.key] = {"answer": "unknown", "why": why}
        tell(f"answer      {facts[question.key]['answer']}")
        _write(world, output, facts, is_whole=False, left=(world.settings.group,))


async def _prepare(world: World, questions: tuple[Question, ...], facts: dict[str, Fact]) -> None:
    """Prepare what takes long to work; a question whose part cannot be made is not asked."""
    for question in questions:
        try:
            if question.prepare is not None:
                await question.prepare(world)
        except BasculeError as error:
            facts[question.key] = {"answer": "unknown", "why": str(error)}


def _write(
    world: World, output: Path, facts: dict[str, Fact], *, is_whole: bool, left: tuple[str, ...]
) -> None:
    settings = world.settings
    waits = judge_waits(list(world.client.seen.values()))
    document = fact_file.build_document(
        {**facts, WAITS: waits},
        {WAITS: WAITS_TEXT, **{each.key: each.text for each in QUESTIONS}},
        made_on=world.arm.clock.now().astimezone(UTC).date(),
        cloud=settings.cloud,
        location=settings.location,
        is_whole=is_whole,
        left=left,
    )
    fact_file.write(output, fact_file.redact(document, (settings.group,)))


def _say_left(left: tuple[str, ...]) -> int:
    if left:
        tell(f"NOT removed: {', '.join(left)}; say this again with ARGS=--remove")
        return 1
    tell("everything is removed")
    return 0


def _is_wanted(group: str) -> bool:
    if not sys.stdin.isatty():
        tell("there is no terminal to ask on: ARGS=--yes goes on without a question")
        return False
    return input(f"Type {group} to make all this in it: ").strip() == group


def _settings(options: argparse.Namespace) -> Settings:
    if not options.resource_group:
        raise UsageError(
            "no resource group is named",
            remedy="say RG=... with the name of one that does not exist yet",
        )
    return Settings(
        subscription=find_subscription(os.environ, options.subscription),
        group=options.resource_group,
        cloud=options.cloud,
        location=options.location,
        vm_size=options.vm_size,
        port=options.port,
        image=options.image,
        slow_path=options.slow_path,
        drain_s=options.drain,
        longest_s=options.longest,
        patience_s=options.patience,
        prices=_prices(options.prices),
    )


def _prices(path: Path | None) -> Prices | None:
    return None if path is None else parse_prices(path.read_text(encoding="utf-8"), path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.azure_real", description=__doc__)
    add = parser.add_argument
    add("--subscription", default="", help=f"its id, if not ${SUBSCRIPTION}")
    add("--resource-group", default="", help="a group that does not exist yet; it is removed")
    add("--cloud", default="AzureCloud", help="a cloud's name or its https:// address")
    add("--location", default="westeurope", help="the region")
    add("--vm-size", default="Standard_D2s_v5", help="of the two nodes")
    add("--port", type=int, default=80, help="of the gateway")
    add("--image", default="registry.k8s.io/e2e-test-images/agnhost:2.53", help="of the servers")
    add(
        "--slow-path",
        default="/shell?shellCommand=sleep%20{seconds}",
        help="what the image answers after {seconds} or {ms}",
    )
    add("--drain", type=int, default=20, help="seconds that backends may drain")
    add("--longest", type=float, default=330.0, help="seconds that the slowest request takes")
    add("--patience", type=float, default=180.0, help="seconds that servers have to get healthy")
    add("--prices", type=Path, help="a file of prices, as platform.yaml names one")
    add("--output", type=Path, default=OUTPUT, help="the fact file")
    add("--only", nargs="+", default=(), metavar="KEY", help="only these questions")
    add("--yes", action="store_true", help="do not ask")
    add("--remove", action="store_true", help="only remove what an interrupted run left")
    return parser


if __name__ == "__main__":
    sys.exit(main())
