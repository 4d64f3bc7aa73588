"""Settings and probes are called after all that they hold, and written only where they lead."""

from bascule.gateway.appgw.part import PROBES, SETTINGS
from bascule.gateway.appgw.translate.asked import read_route
from bascule.gateway.appgw.translate.members import find_members
from bascule.gateway.appgw.translate.reach import Reach, plan_reach
from bascule.gateway.appgw.translate.sheet import Sheet, Site
from bascule.ids import Cluster
from tests.support.appgw_tables import FACTS, read_case
from tests.support.appgw_tables import SETTINGS as OPTIONS
from tests.support.arm_gateways import GATEWAY

SHEET = Sheet(Site(OPTIONS, FACTS))


def _reach(annotations: str = "", more: str = "") -> Reach:
    settings, table, facts = read_case(
        f"ingresses: [{{annotations: {{{annotations}}}}}]\n"
        f"services: {{web: {{blue: ['10.0.0.1:8080']}}}}\n{more}"
    )
    (host,) = table.routes.hosts
    site = Site(settings, facts)
    asked, _ = read_route(host, host.routes[0], site)
    members = find_members(asked, Cluster.BLUE, Sheet(site))
    assert members is not None
    return plan_reach(asked, members, "a.test", site)


def test_without_annotations_members_are_reached_plainly_and_drained() -> None:
    assert _reach().settings == {
        "port": 8080,
        "protocol": "Http",
        "cookieBasedAffinity": "Disabled",
        "requestTimeout": 30,
        "pickHostNameFromBackendAddress": False,
        "connectionDraining": {"enabled": True, "drainTimeoutInSec": 30},
    }


def test_annotations_change_what_they_name() -> None:
    found = _reach(
        "backend-hostname: inner.test, backend-path-prefix: /base, connection-draining: false, "
        "cookie-based-affinity: true, cookie-based-affinity-distinct-name: true"
    ).settings

    assert (found["hostName"], found["path"]) == ("inner.test", "/base")
    assert found["cookieBasedAffinity"] == "Enabled"
    assert found["affinityCookieName"] == "appgw-affinity-8c042be8841ca9ef9d69bea7ea6ae84c"
    assert "connectionDraining" not in found


def test_a_name_of_a_cookie_that_is_not_set_is_not_sent() -> None:
    assert "affinityCookieName" not in _reach("cookie-based-affinity-distinct-name: true").settings


def test_trusted_roots_are_named_as_the_gateway_does_and_verify_the_address() -> None:
    asked = "appgw-trusted-root-certificate: corp, backend-protocol: https"
    there = "facts: {trusted_roots: [Corp]}"

    picked = _reach(asked, there).settings
    named = _reach(f"{asked}, backend-hostname: inner.test", there).settings

    roots = [{"id": f"{GATEWAY}/trustedRootCertificates/Corp"}]
    assert (picked["trustedRootCertificates"], named["trustedRootCertificates"]) == (roots, roots)
    assert picked["pickHostNameFromBackendAddress"] is True
    assert named["pickHostNameFromBackendAddress"] is False


def test_a_load_balancer_is_probed_in_its_own_way() -> None:
    balancer = "load_balancers: {blue: {address: 10.9.0.1, probe_path: /live}}"

    found = _reach("", f"settings: {{backends: loadBalancer, {balancer}}}")

    assert (found.probe["host"], found.probe["path"]) == ("a.test", "/live")


def test_what_is_written_is_called_after_its_content() -> None:
    one, other = _reach(), _reach("health-probe-interval: 5")
    sheet = Sheet(SHEET.site)

    refs = [each.write(sheet, "blue", ("shop", "web", "http")) for each in (one, other, one)]

    assert refs[0] == refs[2] != refs[1]
    assert len(sheet.children[SETTINGS]) == len(sheet.children[PROBES]) == 2
    assert all(name.startswith("bsc-probe-http_8080_a.test_") for name in sheet.children[PROBES])
