"""Why an upgrade did what it did, from its journal alone: so the answer is there next year."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bascule.cli.gate_text import render_gates_text
from bascule.cli.upgrade.ending import say_end, say_traffic
from bascule.cli.upgrade.history_text import render_moment, tell_record
from bascule.errors import UsageError
from bascule.journal.record import Json, Record
from bascule.upgrade.gates.encoding import parse_gates
from bascule.upgrade.gates.wording import say_duration
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.events import GateJudged, parse_run_event
from bascule.upgrade.run.state import StepStatus, UpgradeState
from bascule.upgrade.state import GatewayState

LOOKS_MAX = 12
"""How many judgements of one step are told; the last one is always among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run with the records of the journal from its beginning to its end."""

    run: UpgradeState
    records: tuple[Record, ...]

    def of_step(self, key: str) -> list[Record]:
        """Return what happened to one step."""
        return [r for r in self.records if r.entry.data.get("key") == key]

    def judgements(self, key: str) -> list[tuple[Record, GateJudged]]:
        """Return what the gates of a step said, each change of mind and the last word."""
        found: list[tuple[Record, GateJudged]] = []
        for record in self.of_step(key):
            if record.entry.kind == "upgrade_gate_judged":
                event = parse_run_event(record)
                if isinstance(event, GateJudged):
                    found.append((record, event))
        kept = [
            item
            for place, item in enumerate(found)
            if place in {0, len(found) - 1} or item[1].verdict != found[place - 1][1].verdict
        ]
        return kept if len(kept) <= LOOKS_MAX else [*kept[: LOOKS_MAX - 1], kept[-1]]


def build_story(run: UpgradeState, records: Sequence[Record]) -> Story:
    """Return the story of `run`; `records` are the whole journal."""
    last = run.ended.seq if run.ended is not None else records[-1].seq
    own = tuple(r for r in records if run.started.seq <= r.seq <= last)
    return Story(run=run, records=own)


def find_step(run: UpgradeState, key: str) -> Step:
    """Return a step of the plan or of the rollback. Raises UsageError if there is none."""
    steps = all_steps(run)
    found = next((step for step in steps if step.key == key), None)
    if found is None:
        keys = ", ".join(step.key for step in steps)
        raise UsageError(f"{run.name} has no step {key!r}", remedy=f"its steps are: {keys}")
    return found


def all_steps(run: UpgradeState) -> tuple[Step, ...]:
    """Return the plan's steps and then those of the rollback."""
    return (*run.plan.steps, *(run.rollback.steps if run.rollback is not None else ()))


def explain_run(story: Story, state: GatewayState) -> list[str]:
    """Return where the traffic is, and why the upgrade is where it is, with who said what.

    A reason that the beginning has told is not told again at its step.
    """
    run = story.run
    lines = [say_traffic(state), *_headline(run), ""]
    told = run.rollback.cause if run.rollback is not None else ""
    for step in all_steps(run):
        if _is_telling(run, step):
            lines += [*_step_lines(story, step, told), ""]
    lines += _people(story)
    return lines


def explain_step(story: Story, step: Step) -> list[str]:
    """Return all that is known of one step."""
    lines = _step_lines(story, step)
    if step.reason:
        lines.append(f"  planned because {step.reason}")
    records = story.of_step(step.key)
    if records:
        lines.append("  what happened:")
        lines += [f"    {render_moment(r.entry.at)}  {tell_record(r)}" for r in records]
    else:
        lines.append("  nothing happened to it")
    return lines


def explanation_document(story: Story, step: Step | None) -> dict[str, Json]:
    """Return the explanation as JSON."""
    run = story.run
    steps = [step] if step is not None else [s for s in all_steps(run) if _is_telling(run, s)]
    return {
        "name": run.name,
        "run_id": run.run_id,
        "why": [*_headline(run)],
        "steps": [_step_document(story, s) for s in steps],
    }


def _step_document(story: Story, step: Step) -> dict[str, Json]:
    known = story.run.step(step.key)
    return {
        "key": step.key,
        "stage": step.stage.value,
        "kind": step.kind,
        "title": step.title,
        "planned_because": step.reason,
        "status": known.status.value,
        "reason": known.reason,
        "asked": list(_asked(step)),
        "judgements": [
            {
                "at": record.entry.at.isoformat(),
                "verdict": judged.verdict,
                "reasons": list(judged.reasons),
                "evidence": {k: v for k, v in judged.evidence.items() if k != "progress"},
            }
            for record, judged in story.judgements(step.key)
        ],
    }


def _headline(run: UpgradeState) -> list[str]:
    if run.is_over:
        lines = [say_end(run)]
    else:
        lines = [f"{run.name} is in {run.stage.value}, {run.posture.value}"]
    rollback = run.rollback
    if rollback is not None:
        how = "by itself" if rollback.is_automatic else "because it was asked to"
        lines.append(f"it went back {how}: {rollback.cause}")
    elif run.halted is not None:
        lines.append(f"it stopped at {run.halted.key}: {run.halted.reason}")
        lines.append(f"what to do: {run.halted.remedy}")
    elif run.paused is not None:
        lines.append(f"it was paused by {run.paused.actor} at {render_moment(run.paused.at)}")
    elif run.current is not None:
        waits = run.step(run.current.key).waits
        waiting = f", which waits: {waits.reason}" if waits is not None else ""
        lines.append(f"it is at {run.current.key}{waiting}")
    else:
        lines.append("no gate stood against it")
    return lines


def _is_telling(run: UpgradeState, step: Step) -> bool:
    """Whether a step decided something: it was judged, failed, was answered, or is worked on."""
    known = run.step(step.key)
    is_notable = known.status in {StepStatus.FAILED, StepStatus.SKIPPED}
    is_asked = step.kind == StepKind.APPROVAL and known.attempt > 0
    return known.judged is not None or is_notable or is_asked or step is run.current


def _step_lines(story: Story, step: Step, told: str = "") -> list[str]:
    known = story.run.step(step.key)
    began, ended = known.started, known.finished
    when = ""
    if began is not None:
        when = f", {render_moment(began.at)}"
        if ended is not None:
            when += f", {say_duration((ended.at - began.at).total_seconds())}"
    title = f": {step.title}" if step.title else ""
    lines = [f"{step.key} ({known.status.value}{when}){title}"]
    if known.reason and known.reason not in told:
        lines.append(f"  {known.reason}")
    lines += [f"  asked for: {rule}" for rule in _asked(step)]
    for record, judged in story.judgements(step.key):
        new = [r for r in judged.reasons if r not in told and r not in known.reason]
        ref = ", as said above" if judged.reasons and not new else ""
        lines.append(f"  {render_moment(record.entry.at)} {judged.verdict}{ref}")
        lines += [f"    {reason}" for reason in new]
    return lines


def _asked(step: Step) -> tuple[str, ...]:
    gates = step.args.get("gates")
    return render_gates_text(parse_gates(gates)) if isinstance(gates, dict) else ()


def _people(story: Story) -> Iterator[str]:
    said = [r for r in story.records if r.entry.kind.startswith("upgrade_signal")]
    if said:
        yield "what people said:"
    for record in said:
        yield f"  {render_moment(record.entry.at)}  {record.entry.actor}  {tell_record(record)}"
