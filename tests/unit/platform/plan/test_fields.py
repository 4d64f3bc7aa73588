from bascule.platform.desired.model import Kind
from bascule.platform.plan.fields import find_fixed, normalise


def test_what_lies_below_a_fixed_field_is_fixed() -> None:
    assert find_fixed(Kind.CLUSTER, ("properties", "networkProfile", "networkPlugin"))
    assert find_fixed(Kind.POOL, ("properties", "vmSize"))
    assert find_fixed(Kind.POOL, ("properties", "count")) == ""
    assert find_fixed(Kind.CREDENTIAL, ("properties", "issuer")) == ""


def test_what_azure_leaves_out_has_its_default() -> None:
    cluster = normalise(Kind.CLUSTER, {"properties": {"currentKubernetesVersion": "1.34.2"}})

    assert cluster["sku"] == {"tier": "Free", "name": "Base"}
    assert cluster["properties"] == {
        "currentKubernetesVersion": "1.34.2",
        "kubernetesVersion": "1.34.2",
        "networkProfile": {"networkDataplane": "azure", "outboundType": "loadBalancer"},
    }


def test_what_azure_says_stays() -> None:
    assert normalise(Kind.POOL, {"properties": {"osType": "Windows", "type": "x"}}) == {
        "properties": {"osType": "Windows", "type": "x"}
    }


def test_a_subnet_with_one_range_has_that_range() -> None:
    found = normalise(Kind.SUBNET, {"properties": {"addressPrefixes": ["10.1.0.0/16"]}})

    assert found["properties"] == {
        "addressPrefixes": ["10.1.0.0/16"],
        "addressPrefix": "10.1.0.0/16",
    }
    two = {"properties": {"addressPrefixes": ["10.1.0.0/16", "10.2.0.0/16"]}}
    assert normalise(Kind.SUBNET, two) == two
