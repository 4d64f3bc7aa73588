import pytest

from tests.support.specs import SMALL, mistakes_of, read_upgrade, told_of


def _told(text: str) -> list[str]:
    """Return what is told, without the file and the place."""
    return [told.partition(": ")[2] for told in mistakes_of(text)]


def test_weights_rise_and_end_at_all() -> None:
    assert _told("steps: [{weight: 5}, {weight: 5}, {weight: 50}]\n") == [
        (
            "steps[1].weight: 5 is not above 5, the weight before it "
            "| let weights rise from step to step"
        ),
        "steps[2].weight: the last step gives green 50 %, not all (end with `- weight: 100`)",
    ]


def test_the_first_weight_is_more_than_nothing() -> None:
    assert _told("steps: [{weight: 0}, {weight: 100}]\n") == [
        (
            "steps[0].weight: 0 is not above 0, the weight before it "
            "| let weights rise from step to step"
        )
    ]


def test_steps_of_hosts_name_each_host_once_and_are_not_the_last() -> None:
    steps = "[{hosts: [a.test]}, {weight: 5}, {hosts: [b.test, a.test]}]"

    assert _told(f"steps: {steps}\n") == [
        "steps[2].hosts: a.test is green's already | name each host once",
        "steps[2].hosts: the last step moves some hosts, not all (end with `- weight: 100`)",
    ]


def test_weights_rise_across_steps_of_hosts() -> None:
    assert mistakes_of("steps: [{weight: 5}, {hosts: [a.test]}, {weight: 100}]\n") == []
    (told,) = _told("steps: [{weight: 5}, {hosts: [a.test]}, {weight: 5}, {weight: 100}]\n")

    assert told.startswith("steps[2].weight: 5 is not above 5")


@pytest.mark.parametrize(
    ("hosts", "mistake"),
    [
        ("exclude: [a.test]", "a.test stays on blue | take it out of hosts.exclude"),
        (
            "include: [b.test]",
            "a.test is not among the hosts that go to green | add it to hosts.include",
        ),
    ],
)
def test_a_step_moves_only_what_the_upgrade_moves(hosts: str, mistake: str) -> None:
    text = "retire: {policy: never}\nsteps: [{hosts: [a.test]}, {weight: 100}]\n"

    assert _told(f"{text}hosts: {{{hosts}}}\n") == [f"steps[0].hosts: {mistake}"]
    assert mistakes_of(f"{text}hosts: {{include: [a.test]}}\n") == []


@pytest.mark.parametrize("after", ["shift-hosts-1", "shift-hosts-2"])
def test_a_hook_runs_after_a_step_of_hosts(after: str) -> None:
    steps = "steps: [{hosts: [a.test]}, {hosts: [b.test]}, {weight: 100}]\n"

    assert mistakes_of(f"{steps}hooks: [{{name: move, after: {after}, run: [x]}}]\n") == []


def test_blue_and_green_are_two() -> None:
    told = told_of(SMALL.replace("context: new", "context: old"))

    assert told == [
        (
            "dir/upgrade.yaml:5:3: platform.green: blue and green are the same cluster "
            "| name another context"
        )
    ]


HOOK = "{name: move, after: shift-100, run: [x]%s}"


@pytest.mark.parametrize("after", ["sync", "verify", "shift-1", "shift-100", "bake"])
def test_a_hook_runs_after_a_step_that_exists(after: str) -> None:
    assert mistakes_of(f"hooks: [{{name: move, after: {after}, run: [x]}}]\n") == []


def test_a_hook_after_no_step_is_told_what_there_is() -> None:
    assert _told("steps: [{weight: 100}]\nhooks: [{name: a, after: shift-5, run: [x]}]\n") == [
        "hooks[0].after: there is no step 'shift-5' | one of: sync, verify, shift-100, bake"
    ]


def test_a_hook_has_a_name_of_its_own() -> None:
    assert _told("hooks: [{name: bake, after: bake, run: [x]}]\n") == [
        "hooks[0].name: 'bake' is the name of a step already"
    ]
    assert _told(
        "hooks: [{name: a, after: bake, run: [x]}, {name: a, after: sync, run: [x]}]\n"
    ) == ["hooks[1].name: two hooks have the name 'a'"]


def test_a_rollback_is_unsafe_after_a_step_or_a_hook_that_exists() -> None:
    hooks = f"hooks: [{HOOK % ''}]\n"

    assert mistakes_of(hooks + "rollback: {unsafeAfter: move}\n") == []
    assert mistakes_of(hooks + "rollback: {unsafeAfter: shift-25}\n") == []
    (told,) = _told(hooks + "rollback: {unsafeAfter: shift-30}\n")
    assert told.startswith("rollback.unsafeAfter: there is no step or hook 'shift-30' | one of:")


def test_from_where_on_a_rollback_is_unsafe_is_said_once() -> None:
    marked = HOOK % ", makesRollbackUnsafe: true"
    other = marked.replace("move", "copy")

    assert mistakes_of(f"hooks: [{marked}]\n") == []
    assert _told(f"hooks: [{marked}]\nrollback: {{unsafeAfter: shift-5}}\n") == [
        (
            "hooks[0].makesRollbackUnsafe: rollback.unsafeAfter says already from where on a "
            "rollback is unsafe | say it once, of the first of them"
        )
    ]
    assert [told.partition(":")[0] for told in _told(f"hooks: [{marked}, {other}]\n")] == [
        "hooks[1].makesRollbackUnsafe"
    ]


@pytest.mark.parametrize(("more", "field"), [("", "type"), (", sameAsBlue: true", "sameAsBlue")])
def test_an_http_check_needs_the_preview(more: str, field: str) -> None:
    check = f"analysis: {{checks: [{{type: http, name: a, host: b{more}}}]}}\n"

    assert mistakes_of(check) == []
    assert _told("preview: off\n" + check) == [
        (
            f"analysis.checks[0].{field}: an HTTP check reaches the clusters by the preview "
            "header, and preview is off | leave `preview: off` out"
        )
    ]


def test_other_checks_need_no_preview() -> None:
    check = "analysis: {checks: [{type: command, name: a, run: [x]}]}\n"

    assert mistakes_of("preview: off\n" + check) == []


def test_a_check_uses_a_listener_that_the_gateway_has() -> None:
    check = "analysis: {checks: [{type: http, name: a, host: b, scheme: https}]}\n"

    assert _told("  listeners: [{name: a, port: 80}]\n" + check) == [
        "analysis.checks[0].scheme: the gateway has no listener for https | use http"
    ]


def test_blue_is_not_retired_while_it_has_hosts() -> None:
    hosts = "hosts: {exclude: [a.example.com]}\n"
    remedy = "write `retire: {policy: never}`, and retire it with the last hosts"

    assert _told(hosts) == [
        f"retire: some hosts stay on blue, so blue cannot be retired | {remedy}"
    ]
    assert _told(hosts + "retire: {policy: approval}\n") == [
        f"retire.policy: some hosts stay on blue, so blue cannot be retired | {remedy}"
    ]
    assert read_upgrade(hosts + "retire: {policy: never}\n").retire.policy == "never"
