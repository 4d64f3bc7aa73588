"""What the demonstration on Azure prints at its end: demands, figures, and what is in Azure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from bascule.lab.load.verdict import Effects, Verdict
from bascule.lab.story.azure.files import ENVOY
from bascule.lab.story.azure.script import Told

Document = dict[str, Any]
ARTICLE = "seconds"
"""What the article says of its switch."""


def build_document(told: Told) -> Document:
    """Return the demonstration's result as one JSON document; null is not known, never 0."""
    verdict = told.verdict
    if verdict is None:
        raise ValueError("the story was not told to its end")
    demands = [{"holds": holds, "text": text} for holds, text in _demands(told, verdict)]
    commands = {name: _command(told, verdict, name) for name in told.course.commands}
    lasts = [each["last_old_answer_ms"] for each in commands.values() if each["to_all"]]
    return {
        "ok": all(demand["holds"] for demand in demands),
        "demands": demands,
        "requests": verdict.requests,
        "failed": verdict.failed,
        "failure_rate_bound": verdict.failure_rate_bound,
        "failures": msgspec.to_builtins(verdict.failures),
        "answers_by_cluster": verdict.answers_by_cluster,
        "wrong_cluster_after_effective": verdict.wrong_cluster_after_effective,
        "max_gap_ms": verdict.latency.max_gap_ms,
        "p50_ms": msgspec.to_builtins(verdict.latency.p50_ms),
        "p99_ms": msgspec.to_builtins(verdict.latency.p99_ms),
        "streams": msgspec.to_builtins(verdict.streams),
        "duplicate_effects": None if verdict.effects is None else verdict.effects.duplicates,
        "commands": commands,
        "last_old_answer_ms": {"p50": find_rank(lasts, 0.5), "p90": find_rank(lasts, 0.9)},
        "article": ARTICLE,
        "upgrades": [
            {name: each.get(name) for name in ("name", "run_id", "digest", "stage")}
            for each in told.tries
        ],
        "report": told.report,
        "azure": dict(told.azure),
        "settings": {"rate": told.rate, "latency_model": told.model, "speed": told.speed},
        "seconds": told.seconds_by_act,
    }


def render_summary(document: Mapping[str, Any]) -> list[str]:
    """Return the result as lines."""
    return [*_figures(document), "", *_commands(document), "", *_judged(document), "", NOTE]


NOTE = "in the lab only: Envoys stand for Azure's instances, and recorded durations for its own"


def find_rank(values: Sequence[float | None], share: float) -> float | None:
    """Return the value that `share` of them do not exceed; None where one is not known."""
    known = sorted(value for value in values if value is not None)
    if not known or len(known) < len(values):
        return None
    return known[max(0, math.ceil(share * len(known)) - 1)]


def _command(told: Told, verdict: Verdict, name: str) -> Document:
    """Return what a command took; the time to the old cluster's last answer is the load's."""
    called = told.called.get(name)
    seen = next((each for each in verdict.switches if each.name == name), None)
    return {
        "to_all": told.course.moves_all(name),
        "command_ms": None if called is None else called.command_ms,
        "last_old_answer_ms": None if seen is None else seen.convergence_ms,
        "wrong_cluster": None if seen is None else seen.wrong_cluster,
        "puts": told.puts.get(name),
    }


def _demands(told: Told, verdict: Verdict) -> Iterator[tuple[bool, str]]:
    """Yield what has to hold for the story to have gone well, and whether it does."""
    by_cluster, azure = verdict.answers_by_cluster, told.azure
    yield verdict.failed == 0, f"{verdict.failed} of {verdict.requests} requests failed"
    yield (
        by_cluster["blue"] > 0 and by_cluster["green"] > 0,
        f"{by_cluster['blue']} answers came from blue, {by_cluster['green']} from green",
    )
    wrong = _count_wrong(told, verdict)
    said = "an unknown number of" if wrong is None else str(wrong)
    yield wrong == 0, f"{said} answers came from the old cluster after a change was in force"
    streams = verdict.streams
    yield (
        streams.opened > 0 and streams.reset == 0,
        f"{streams.reset} of {streams.opened} WebSockets were reset",
    )
    yield _judge_effects(verdict.effects)
    stages = [each.get("stage") for each in told.tries]
    yield stages == ["rolled_back", "completed"], f"the upgrades are {', '.join(map(str, stages))}"
    commands = told.course.commands
    puts = [told.puts.get(name) for name in commands]
    yield (
        puts == [told.course.puts] * len(commands),
        f"the commands cost {', '.join(map(str, puts))} PUTs ({', '.join(commands)})",
    )
    yield from _demands_of_azure(azure)
    yield _judge_pools(azure["pools"], has_envoys=not told.course.puts)


def _count_wrong(told: Told, verdict: Verdict) -> int | None:
    """Return how many the old cluster answered; unknown unless each change of all was seen."""
    seen = {each.name for each in verdict.switches}
    wanted = {name for name in told.course.commands if told.course.moves_all(name)}
    return verdict.wrong_cluster_after_effective if wanted <= seen else None


def _judge_effects(effects: Effects | None) -> tuple[bool, str]:
    if effects is None:
        return False, "an unknown number of POSTs took effect twice, or never"
    return (
        effects.duplicates == effects.lost == 0,
        f"{effects.duplicates} POSTs took effect twice, {effects.lost} never",
    )


def _demands_of_azure(azure: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    clusters = azure["clusters"]
    yield (
        clusters == {"blue": None, "green": "Succeeded"},
        f"in Azure blue is {clusters['blue'] or 'gone'}, green is {clusters['green'] or 'gone'}",
    )
    left = [*azure["left_to_do"], *(each for each in azure["findings"] if each == "LeftOfBlue")]
    yield not left, f"left to do on the platform: {', '.join(left) or 'nothing'}"


def _judge_pools(pools: Mapping[str, Sequence[str]], *, has_envoys: bool) -> tuple[bool, str]:
    """Return whether the gateway leads where it should in the end, and where it leads."""
    if has_envoys:
        ends = sorted({address for addresses in pools.values() for address in addresses})
        return ends == [ENVOY], f"the gateway's pools hold {', '.join(ends) or 'nobody'}"
    of_blue = [name for name, addresses in pools.items() if "-blue_" in name and addresses]
    of_green = [name for name, addresses in pools.items() if "-green_" in name and addresses]
    return (
        not of_blue and bool(of_green),
        f"{len(of_green)} pools hold pods of green, {len(of_blue)} pods of blue",
    )


def _figures(document: Mapping[str, Any]) -> Iterator[str]:
    p99, streams = document["p99_ms"], document["streams"]
    yield f"{document['requests']} requests, {document['failed']} failed"
    if document["failure_rate_bound"] is not None:
        yield f"  with 95 % certainty fewer than {document['failure_rate_bound']:.4%} fail"
    for failure in document["failures"]:
        yield (
            f"  second {failure['second']}: {failure['count']} x {failure['error']} "
            f"{failure['status'] or ''} on {failure['lane']}"
        )
    yield f"longest gap {_ms(document['max_gap_ms'])}"
    yield f"p99 {_ms(p99['baseline'])} before, {_ms(p99['during'])} during and after"
    yield (
        f"WebSockets: {streams['opened']} opened, {streams['moved']} moved to the other cluster, "
        f"{streams['reset']} reset"
    )
    kinds = ", ".join(f"{count} {kind}" for kind, count in document["azure"]["resources"].items())
    yield f"in Azure at the end: {kinds}"
    yield f"the upgrade's report: {document['report']}"


def _commands(document: Mapping[str, Any]) -> Iterator[str]:
    for name, each in document["commands"].items():
        puts = "not known" if each["puts"] is None else each["puts"]
        line = f"{name:<11} {puts} PUT, command {_ms(each['command_ms'])}"
        if each["to_all"]:
            line += f", last answer by the old cluster after {_ms(each['last_old_answer_ms'])}"
        yield line
    both, settings = document["last_old_answer_ms"], document["settings"]
    yield (
        f"from command to last answer by the old cluster: p50 {_ms(both['p50'])}, p90 "
        f"{_ms(both['p90'])}; the article says: {document['article']}"
    )
    model = settings["latency_model"]
    shown = model if model == "fast" else f"{model}, {settings['speed']:g} times as fast"
    yield f"how long Azure takes: {shown}"


def _judged(document: Mapping[str, Any]) -> Iterator[str]:
    for demand in document["demands"]:
        yield f"{'holds' if demand['holds'] else 'BROKEN':<8} {demand['text']}"


def _ms(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1f} ms"
