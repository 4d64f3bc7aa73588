import pytest

from bascule.gateway.appgw.facts import read_facts
from bascule.gateway.appgw.part import LISTENERS, POOLS, Facts, Live, Standing, WideRule
from bascule.gateway.appgw.settings import Mechanism
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from tests.support.appgw_parts import OWNS, merged, our_part, shown, theirs
from tests.support.arm_gateways import listener, part, ref, rule


def test_an_empty_gateway_has_no_facts() -> None:
    assert read_facts({}, OWNS) == Facts()


def test_only_what_is_not_ours_counts() -> None:
    document = theirs(
        frontendIPConfigurations=[
            part("public", publicIPAddress={"id": "/ip"}),
            part("private", privateIPAddress="10.1.0.10", subnet={"id": "/s"}),
        ],
        frontendPorts=[part("port-8080", port=8080), part("tcp", port=5432), part("odd")],
        httpListeners=[
            listener(),
            listener("one", hostName="ONE.example.com"),
            listener("two", "two.example.com", "*.two.example.com"),
        ],
        listeners=[
            part(
                "stream",
                frontendIPConfiguration=ref("frontendIPConfigurations", "PRIVATE"),
                frontendPort=ref("frontendPorts", "tcp"),
            ),
            part("loose"),
        ],
        requestRoutingRules=[
            rule("rule1", 100),
            rule("two", 50, listener="Two"),
            rule("one", 60, listener="one"),
        ],
        routingRules=[part("stream", priority=7), part("old")],
        sslCertificates=[part("wild", keyVaultSecretId="https://v")],
        sslProfiles=[part("strict")],
        trustedRootCertificates=[part("root")],
        rewriteRuleSets=[part("headers", rewriteRules=[])],
        sku={"name": "WAF_v2", "tier": "WAF_v2"},
    )

    facts = read_facts(shown(merged(document, our_part())), OWNS)

    assert facts == Facts(
        public_frontend="public",
        private_frontend="private",
        ports={8080: "port-8080", 5432: "tcp"},
        certificates=frozenset({"wild"}),
        ssl_profiles=frozenset({"strict"}),
        trusted_roots=frozenset({"root"}),
        rewrite_sets=frozenset({"headers"}),
        priorities=frozenset({100, 60, 50, 7}),
        wide_rules=(
            WideRule(
                priority=50,
                name="two",
                listener="two",
                frontend="public",
                port=8080,
                host="*.two.example.com",
            ),
            WideRule(
                priority=100,
                name="rule1",
                listener="all",
                frontend="public",
                port=8080,
                host="*",
            ),
        ),
        listeners=frozenset(
            {
                ("public", 8080, "*"),
                ("public", 8080, "one.example.com"),
                ("public", 8080, "two.example.com"),
                ("public", 8080, "*.two.example.com"),
                ("private", 5432, "*"),
                ("", 0, "*"),
            }
        ),
        protocols={("public", 8080): "Http", ("private", 5432): "", ("", 0): ""},
        used={
            "frontendPorts": 3,
            "sslCertificates": 1,
            "backendAddressPools": 1,
            "backendHttpSettingsCollection": 1,
            "httpListeners": 3,
            "rewriteRuleSets": 1,
            "requestRoutingRules": 3,
        },
        has_waf=True,
    )


@pytest.mark.parametrize(
    ("tags", "standing"),
    [
        ({"bascule-owner": "shop", "bascule-adopted": ""}, None),
        ({"bascule-table": "0123"}, Standing(mechanism=Mechanism.RULES)),
        (
            {"bascule-table": "0123", "bascule-split": "0", "bascule-switch-by": "pools"},
            Standing(mechanism=Mechanism.POOLS, split=Split(Weights.all_to(Cluster.GREEN))),
        ),
        (
            {"bascule-table": "0123", "bascule-split": "0", "bascule-switch-by": "rules"},
            Standing(mechanism=Mechanism.RULES, split=Split(Weights.all_to(Cluster.GREEN))),
        ),
    ],
)
def test_what_is_live_of_ours_stands_in_the_tags(
    tags: dict[str, str], standing: Standing | None
) -> None:
    assert read_facts({"tags": tags}, OWNS).standing == standing


def test_what_stands_of_ours_is_told_in_lower_case() -> None:
    ours = {
        LISTENERS: [listener("BSC-listener", "Shop.example.com"), listener("bsc-any")],
        POOLS: [part("bsc-pool-blue"), part("theirs")],
    }

    assert read_facts({"properties": ours}, OWNS).live == Live(
        children=frozenset(
            {(LISTENERS, "bsc-listener"), (LISTENERS, "bsc-any"), (POOLS, "bsc-pool-blue")}
        ),
        hosts=frozenset({"shop.example.com", "*"}),
    )
    assert Facts(live=Live(hosts=frozenset({"a"}))) == Facts()


def test_what_is_live_is_no_reason_to_translate_anew() -> None:
    live = Standing(mechanism=Mechanism.POOLS)

    assert Facts(standing=live) == Facts()
    assert Facts().held() == Facts()
