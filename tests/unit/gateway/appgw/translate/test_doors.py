"""Listeners of all hosts together."""

from bascule.gateway.appgw.translate.doors import Allotted, Door, grant_doors
from bascule.gateway.appgw.translate.groups import plan_host
from bascule.gateway.appgw.translate.sheet import Site
from tests.support.appgw_tables import read_case

SERVICES = "services: {web: {blue: ['10.0.0.1:80']}}\nsecrets: [t]\nwithout: [green]"


def _grant(ingresses: str, more: str = "") -> Allotted:
    settings, table, facts = read_case(f"ingresses: [{ingresses}]\n{SERVICES}\n{more}")
    site = Site(settings, facts)
    groups = [group for host in table.routes.hosts for group in plan_host(host, site).groups]
    return grant_doors(groups, site)


def _doors(allotted: Allotted) -> dict[str, Door]:
    return {door.place: door for doors in allotted.doors for door in doors}


def _codes(allotted: Allotted) -> list[str]:
    return [each.code for problems in allotted.problems for each in problems]


def test_each_host_has_a_listener_of_its_own() -> None:
    doors = _doors(_grant("{hosts: [a.test, b.test]}"))

    assert {place: door.names for place, door in doors.items()} == {
        "80-a.test": ("a.test",),
        "80-b.test": ("b.test",),
    }


def test_tls_hosts_have_a_plain_one_that_redirects() -> None:
    (door,) = _doors(_grant("{hosts: [a.test], tls: t}")).values()

    assert (door.place, door.redirect_place) == ("443-a.test", "80-a.test")
    assert door.redirect_names == ("a.test",)
    assert door.priority != door.redirect_priority > 0


def test_five_names_share_a_listener_and_wildcards_have_their_own_rank() -> None:
    names = ", ".join(f"n{n}.test" for n in range(5))
    asked = f"annotations: {{hostname-extension: '{names}, *.x.test, *.test'}}"

    doors = _doors(_grant(f"{{hosts: [a.test], {asked}}}"))

    assert [len(door.names) for door in doors.values()] == [5, 1, 1, 1]
    assert max(door.priority for place, door in doors.items() if "wild" not in place) < min(
        door.priority for place, door in doors.items() if "wild" in place
    )


def test_what_others_listen_for_is_left_to_them() -> None:
    taken = "facts: {listeners: [[public, 443, a.test], [public, 80, b.test]]}"

    found = _grant("{hosts: [a.test, b.test], tls: t}", taken)

    assert [*_doors(found)] == ["443-b.test"]
    assert _doors(found)["443-b.test"].redirect_names == ()
    assert _codes(found) == ["HostTakenByOther", "NoRedirect"]


def test_a_host_of_the_table_outranks_a_further_name() -> None:
    found = _grant(
        "{hosts: [a.test], annotations: {hostname-extension: 'b.test, c.test'}}, "
        "{name: b, hosts: [b.test], annotations: {hostname-extension: c.test}}"
    )

    assert [door.names for door in _doors(found).values()] == [("a.test", "c.test"), ("b.test",)]
    assert _codes(found) == ["AliasTaken", "AliasTaken"]


def test_a_port_speaks_either_http_or_https() -> None:
    found = _grant(
        "{hosts: [a.test], annotations: {override-frontend-port: 443}}, "
        "{name: b, hosts: [b.test], tls: t}"
    )

    assert [*_doors(found)] == ["443-b.test"]
    assert _codes(found) == ["PortTaken"]


def test_who_asks_for_tls_at_port_80_takes_it_from_nobody() -> None:
    found = _grant(
        "{hosts: [a.test], tls: t, annotations: {override-frontend-port: 80}}, "
        "{name: b, hosts: [b.test]}, {name: c, hosts: [c.test]}"
    )

    assert [*_doors(found)] == ["80-b.test", "80-c.test"]
    assert [[each.code for each in problems] for problems in found.problems] == [
        ["PortTaken"],
        [],
        [],
    ]


def test_nor_does_it_take_the_redirects_of_others() -> None:
    found = _grant(
        "{hosts: [a.test], tls: t, annotations: {override-frontend-port: 80}}, "
        "{name: b, hosts: [b.test], tls: t}"
    )

    assert [(d.place, d.redirect_place) for d in _doors(found).values()] == [
        ("443-b.test", "80-b.test")
    ]
    assert _codes(found) == ["PortTaken"]


def test_a_port_where_others_speak_http_gets_no_tls() -> None:
    found = _grant("{hosts: [a.test], tls: t}", "facts: {protocols: [[public, 443, Http]]}")

    assert (_doors(found), _codes(found)) == ({}, ["PortTaken"])


def test_tls_at_port_80_leaves_no_place_for_a_redirect() -> None:
    found = _grant("{hosts: [a.test], tls: t, annotations: {override-frontend-port: 80}}")

    assert [(d.place, d.redirect_place) for d in _doors(found).values()] == [("80-a.test", "")]
    assert _codes(found) == ["NoRedirect"]


def test_of_two_tls_ports_the_usual_one_has_the_redirect() -> None:
    found = _grant(
        "{hosts: [a.test], tls: t, annotations: {override-frontend-port: 8443}}, "
        "{name: b, hosts: [a.test], paths: [{path: /b}], tls: t}"
    )

    redirects = {place: door.redirect_place for place, door in _doors(found).items()}
    assert redirects == {"443-a.test": "80-a.test", "8443-a.test": ""}
    assert _codes(found) == ["NoRedirect"]


def test_a_wanted_priority_is_given_once_and_never_one_of_others() -> None:
    found = _grant(
        "{hosts: [a.test], annotations: {rule-priority: 5}}, "
        "{name: b, hosts: [b.test], annotations: {rule-priority: 5}}, "
        "{name: c, hosts: [c.test], annotations: {rule-priority: 6}}",
        "facts: {priorities: [6]}",
    )

    priorities = [door.priority for door in _doors(found).values()]
    assert priorities[0] == 5
    assert len(set(priorities) - {5, 6}) == 2
    assert _codes(found) == ["PriorityTaken", "PriorityTaken"]


WIDE = "priority: 10, name: theirs, listener: all, frontend: public"


def test_a_rule_of_others_that_comes_before_ours_is_told_with_what_to_do() -> None:
    wide = f"facts: {{wide_rules: [{{{WIDE}, port: 80, host: '*'}}]}}"

    found = _grant("{hosts: [a.test]}", wide)

    ((problem,),) = found.problems
    (door,) = _doors(found).values()
    assert problem.code == "BehindAnotherRule"
    assert problem.message == (
        f"requests for a.test at port 80 never reach our rule, whose priority is {door.priority}: "
        "the rule theirs, which is not ours, comes before it with 10, and its listener all answers "
        f"for any host; give that rule a larger priority than {door.priority}, or this Ingress a "
        "rule-priority below 10"
    )


def test_only_what_comes_first_at_the_same_place_and_covers_the_name_is_told() -> None:
    elsewhere = ", ".join(
        f"{{{WIDE}, {more}}}"
        for more in (
            "port: 8080, host: '*'",
            "port: 80, host: '*.b.test'",
            "port: 80, host: '?.tes'",
        )
    )
    later = "{priority: 20000, name: l, listener: l, frontend: public, port: 80, host: '*'}"
    private = "{priority: 10, name: l, listener: l, frontend: private, port: 80, host: '*'}"

    found = _grant("{hosts: [a.test]}", f"facts: {{wide_rules: [{elsewhere}, {later}, {private}]}}")

    assert _codes(found) == []


def test_a_redirect_and_a_wildcard_of_ours_may_be_behind_a_rule_of_others_too() -> None:
    wide = f"facts: {{wide_rules: [{{{WIDE}, port: 80, host: '*.test'}}]}}"

    found = _grant("{hosts: [a.test], tls: t}, {name: b, hosts: ['*.b.test']}", wide)

    assert _codes(found) == ["BehindAnotherRule", "BehindAnotherRule"]


def _wide(priority: int, name: str = "'*.x.test'") -> str:
    return f"{{name: wide, hosts: [{name}], annotations: {{rule-priority: {priority}}}}}"


EXACT = "{name: exact, hosts: [a.x.test, b.x.test, c.x.test, d.x.test, y.test]}"


def test_a_wildcard_that_asks_to_come_before_exact_hosts_is_told() -> None:
    found = _grant(f"{_wide(7)}, {EXACT}")

    (problem,) = [each for problems in found.problems for each in problems]
    last = max(p.priority for place, p in _doors(found).items() if place.endswith("x.test"))
    assert (problem.code, problem.name) == ("BeforeOtherHosts", "wide")
    assert problem.message == (
        "rule-priority 7 of *.x.test comes before the rules of a.x.test, b.x.test, c.x.test and 1 "
        f"more, which never get a request: leave it out, make it larger than {last}, or give those "
        "Ingresses a rule-priority below 7"
    )


def test_a_listener_for_any_host_comes_before_all_and_before_redirects() -> None:
    any_host = _wide(7, "''")

    found = _grant(f"{any_host}, {{name: exact, hosts: [a.test], tls: t}}")

    assert _codes(found) == ["BeforeOtherHosts"]
    assert "of any host comes before the rules of a.test, which" in str(found.problems)


def test_a_wildcard_that_comes_behind_or_elsewhere_is_not_told() -> None:
    elsewhere = _wide(7).replace("hosts", "tls: t, hosts")
    quiet = elsewhere.replace("rule-priority: 7", "rule-priority: 7, ssl-redirect: false")
    first = "{name: e, hosts: [a.x.test], annotations: {rule-priority: 6}}"

    assert _codes(_grant(f"{_wide(19_000)}, {EXACT}")) == []
    assert _codes(_grant(f"{quiet}, {EXACT}")) == []
    assert _codes(_grant(f"{_wide(7)}, {first}")) == []
    assert _codes(_grant(f"{_wide(7)}, {EXACT}", "facts: {priorities: [7]}")) == ["PriorityTaken"]
