import pytest

from bascule.spec.analysis import CommandCheck, HttpCheck, PrometheusCheck
from tests.support.specs import mistakes_of, read_upgrade


def test_green_is_judged_with_blue_and_without_it_though_nothing_is_said() -> None:
    analysis = read_upgrade().analysis

    assert analysis.success_rate.max_below_blue_percent == 0.2
    assert analysis.success_rate.min_percent == 95
    limits = [(limit.percentile, limit.max_over_blue_s) for limit in analysis.latency]
    assert limits == [(50, 0.03), (99, 0.03)]
    assert (analysis.min_requests, analysis.max_wait_s, analysis.checks) == (100, 3_600, ())


def test_each_kind_of_check_is_read() -> None:
    upgrade = read_upgrade(
        """\
analysis:
  checks:
    - {type: http, name: a, host: Shop.example.com, status: [200, 204], matches: 'v[0-9]'}
    - {type: prometheus, name: b, url: 'https://p.example.com/x', query: up, min: 1, every: 30s}
    - {type: command, name: c, run: [./check.sh, new]}
"""
    )

    http, prometheus, command = upgrade.analysis.checks
    assert isinstance(http, HttpCheck)
    assert (http.host, http.status, http.every_s) == ("shop.example.com", (200, 204), 10)
    assert isinstance(prometheus, PrometheusCheck)
    assert (prometheus.min, prometheus.max, prometheus.every_s) == (1, None, 30)
    assert isinstance(command, CommandCheck)
    assert (command.run, command.timeout_s) == (("./check.sh", "new"), 30)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            "latency: [{percentile: 99}]",
            "latency[0]: limits nothing: give max, maxOverBlue or both",
        ),
        (
            "checks: [{type: prometheus, name: b, url: 'http://p', query: up}]",
            "checks[0]: limits nothing: give min, max or both",
        ),
        (
            "checks: [{type: prometheus, name: b, url: 'http://p', query: up, min: 2, max: 1}]",
            "checks[0]: min is above max",
        ),
        (
            (
                "checks: [{type: prometheus, name: b, url: 'http://p', query: up, min: 2, "
                "tokenEnv: A, tokenFile: b}]"
            ),
            "checks[0]: tokenEnv and tokenFile are two places for one token",
        ),
        (
            "checks: [{type: command, name: a, run: [x]}, {type: command, name: a, run: [y]}]",
            "checks[1].name: two checks have the name 'a'",
        ),
    ],
    ids=["latency", "no-limit", "crossed", "two-tokens", "names"],
)
def test_what_cannot_be_is_refused_where_it_stands(text: str, mistake: str) -> None:
    (told,) = mistakes_of(f"analysis: {{{text}}}\n")

    assert told.partition("analysis.")[2] == mistake


def test_how_answers_are_compared_needs_a_comparison() -> None:
    check = "{type: http, name: a, host: b, compare: status, ignore: [x], sameAsBlue: %s}"

    assert mistakes_of(f"analysis: {{checks: [{check % 'true'}]}}\n") == []
    told = mistakes_of(f"analysis: {{checks: [{check % 'false'}]}}\n")
    assert [line.partition("checks")[2] for line in told] == [
        "[0].compare: is about the comparison with blue | add `sameAsBlue: true`",
        "[0].ignore: is about the comparison with blue (add `sameAsBlue: true`)",
    ]


def test_an_address_with_a_password_in_it_is_refused() -> None:
    check = "{type: prometheus, name: b, url: 'http://me:hunter2@p', query: up, min: 1}"

    (told,) = mistakes_of(f"analysis: {{checks: [{check}]}}\n")

    assert "analysis.checks[0].url" in told
    assert "hunter2" not in told
