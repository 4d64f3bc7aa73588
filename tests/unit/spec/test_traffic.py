import pytest

from bascule.spec.traffic import default_steps, name_steps
from tests.support.specs import mistakes_of, read_upgrade


def test_green_gets_more_in_five_steps_unless_something_else_is_said() -> None:
    steps = read_upgrade().steps

    assert steps == default_steps()
    keys = name_steps(steps)
    assert [(key, s.weight_bp, s.hold_s) for key, s in zip(keys, steps, strict=True)] == [
        ("shift-1", 100, 300),
        ("shift-5", 500, 300),
        ("shift-25", 2_500, 300),
        ("shift-50", 5_000, 300),
        ("shift-100", 10_000, 300),
    ]


def test_a_step_of_part_of_a_percent_has_a_key_too() -> None:
    steps = read_upgrade("steps: [{weight: 0.25}, {weight: 12.5%}, {weight: 100}]\n").steps

    assert list(name_steps(steps)) == ["shift-0.25", "shift-12.5", "shift-100"]
    assert [step.weight_bp for step in steps] == [25, 1_250, 10_000]


def test_steps_of_whole_hosts_are_counted() -> None:
    text = "[{hosts: [A.test]}, {weight: 5}, {hosts: [b.test, '*.c.test']}, {weight: 100}]"
    steps = read_upgrade(f"steps: {text}\n").steps

    assert name_steps(steps) == ("shift-hosts-1", "shift-5", "shift-hosts-2", "shift-100")
    assert [step.hosts for step in steps] == [("a.test",), (), ("b.test", "*.c.test"), ()]
    assert steps[0].weight_bp == 0


@pytest.mark.parametrize(
    ("step", "mistake"),
    [
        ("{hold: 5m}", "does not say what green gets: give weight, or hosts"),
        (
            "{weight: 5, hosts: [a.test]}",
            "gives weight and hosts: hosts go whole, so make two steps of it",
        ),
        ("{hosts: [a.test, A.test]}", "names a host twice"),
    ],
)
def test_a_step_gives_a_weight_or_hosts(step: str, mistake: str) -> None:
    (told,) = mistakes_of(f"steps: [{step}, {{weight: 100}}]\n")

    assert told.endswith(f"steps[0]: {mistake}")


def test_a_mirror_copies_a_tenth_for_a_minute() -> None:
    mirror = read_upgrade("mirror: {}\n").mirror

    assert mirror is not None
    assert (mirror.share_bp, mirror.hold_s) == (1_000, 60)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{a.shop: b.shop, A.shop: c.shop}", "['A.shop']: the host name 'a.shop' appears twice"),
        ("{'*.shop': b.shop}", "['*.shop']: a further host name cannot be a wildcard"),
        ("{A.shop: a.shop}", "['A.shop']: shows itself | give it a name that no Ingress has"),
        ("5", ": should be a map of keys and values"),
    ],
    ids=["twice", "wildcard", "itself", "list"],
)
def test_a_preview_host_is_a_further_name_of_its_own(text: str, mistake: str) -> None:
    (told,) = mistakes_of(f"preview: {{hosts: {text}}}\n")

    assert told.partition("preview.hosts")[2] == mistake


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{kind: header}", "a header needs its name"),
        ("{kind: none, name: a}", "kind none takes no name"),
        ("{kind: header, name: x-user, ttl: 1h}", "only a cookie has a ttl"),
    ],
)
def test_sticky_sessions_fit_their_kind(text: str, mistake: str) -> None:
    (told,) = mistakes_of(f"stickySessions: {text}\n")

    assert told.endswith(f"stickySessions: {mistake}")


@pytest.mark.parametrize(
    "text", ["{kind: cookie, ttl: 12h}", "{kind: none}", "{kind: header, name: x-user}"]
)
def test_sticky_sessions_are_read(text: str) -> None:
    assert read_upgrade(f"stickySessions: {text}\n").sticky_sessions is not None
