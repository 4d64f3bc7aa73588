from bascule.gateway.appgw.part import PATH_MAPS, POOLS, PROBES, SETTINGS
from bascule.gateway.appgw.references import key_in_id, key_of, keys_of, references_of
from tests.support.arm_gateways import GATEWAY, part, ref, to_pool


def test_an_id_names_a_child_of_this_gateway_or_nothing() -> None:
    assert key_in_id(GATEWAY, f"{GATEWAY.upper()}/PROBES/A") == ("probes", "a")
    assert key_in_id(GATEWAY, f"{GATEWAY}/urlPathMaps/m/pathRules/r") == ("urlpathmaps", "m")
    assert key_in_id(GATEWAY, GATEWAY) is None
    assert key_in_id(GATEWAY, f"{GATEWAY}/probes") is None
    assert key_in_id(GATEWAY, f"{GATEWAY}2/probes/a") is None


def test_a_child_refers_to_all_that_its_properties_name() -> None:
    rules = [{"id": f"{GATEWAY}/urlPathMaps/m/pathRules/r", **part("r", **to_pool("b", "s"))}]
    path_map = part(
        "m",
        **to_pool("a", "s", default=True),
        pathRules=rules,
        requestRoutingRules=[ref("requestRoutingRules", "x")],
    )

    assert set(references_of(GATEWAY, PATH_MAPS, path_map)) == {
        key_of(POOLS, "a"),
        key_of(POOLS, "b"),
        key_of(SETTINGS, "s"),
    }


def test_lists_of_references_count_and_back_references_do_not() -> None:
    trusted = part("s", trustedRootCertificates=[ref("trustedRootCertificates", "r")], port=80)
    probe = part("p", backendHttpSettings=[ref(SETTINGS, "s")])

    assert list(references_of(GATEWAY, SETTINGS, trusted)) == [("trustedrootcertificates", "r")]
    assert list(references_of(GATEWAY, PROBES, probe)) == []
    assert list(references_of(GATEWAY, PROBES, {"name": "p"})) == []


def test_the_keys_of_a_gateway_are_those_of_all_its_children() -> None:
    document = {"properties": {"probes": [part("A")], "sku": {"name": "x"}, "urlPathMaps": []}}

    assert keys_of(document) == {("probes", "a")}
    assert keys_of({}) == frozenset()
