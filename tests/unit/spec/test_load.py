from pathlib import Path

import pytest

from bascule.errors import SpecError
from bascule.spec.gateway import Gateway
from bascule.spec.load import (
    parse_any_gateway,
    parse_gateway,
    parse_platform,
    parse_prices,
    parse_upgrade,
    render_path,
)
from bascule.spec.upgrade import Upgrade
from tests.support.specs import SMALL as UPGRADE
from tests.support.specs import mistakes_of, told_of

SMALL = """\
name: shop
clusters:
  blue: {kubeconfig: b.yaml}
  green: {kubeconfig: g.yaml}
"""
EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "gateway.yaml"


def _error(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        parse_gateway(text, "dir/gateway.yaml")
    return caught.value


def test_a_gateway_is_read_and_its_paths_count_from_its_file() -> None:
    gateway = parse_gateway(SMALL, Path("/etc/shop/gateway.yaml"))

    assert gateway.name == "shop"
    assert gateway.clusters.green.kubeconfig == Path("/etc/shop/g.yaml")


def test_the_example_is_read() -> None:
    gateway = parse_gateway(EXAMPLE.read_text(), EXAMPLE)

    assert gateway.clusters.blue.kubeconfig == EXAMPLE.parent / "blue.kubeconfig"
    assert [listener.port for listener in gateway.listeners] == [8080, 8443]


def test_the_defaults_that_the_example_shows_are_the_defaults() -> None:
    text = EXAMPLE.read_text().replace("# active:", "active:").replace("# report:", "report:")
    text = text.replace("# holdOffMs:", "holdOffMs:").replace("  # concurrency:", "  concurrency:")
    text = text.replace("  # drainSeconds:", "  drainSeconds:")

    assert parse_gateway(text, EXAMPLE) == parse_gateway(EXAMPLE.read_text(), EXAMPLE)


def test_an_unknown_key_is_named_with_its_place_and_what_was_meant() -> None:
    error = _error(SMALL + "gateway:\n  type: envoy\n  drainSecond: 5\n")

    assert str(error) == "dir/gateway.yaml:7:3: gateway.drainSecond: unknown key 'drainSecond'"
    assert error.remedy == "did you mean 'drainSeconds'?"


def test_an_unknown_key_like_no_other_is_answered_with_those_that_are_known() -> None:
    error = _error(SMALL.replace("b.yaml}", "b.yaml, zzz: 1}"))

    assert error.field == "clusters.blue.zzz"
    assert error.remedy == "known keys: awaited, context, kubeconfig"


def test_an_unknown_key_of_an_item_is_compared_with_its_siblings() -> None:
    error = _error(SMALL + "listeners:\n- {name: a, prt: 80, port: 80}\n")

    assert error.field == "listeners[0].prt"
    assert error.remedy == "did you mean 'port'?"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("clusters: 5\nname: shop\n", (1, 1), "should be a map of keys and values"),
        (SMALL + "active: red\n", (5, 1), "input should be 'blue' or 'green'"),
        (SMALL + "ingressClasses: bascule\n", (5, 1), "should be a list, such as [a, b]"),
        (SMALL + "holdOffMs: many\n", (5, 1), "should be a whole number"),
        (SMALL + "ingressClasses: ['a b']\n", (5, 18), "is not the name of an IngressClass"),
        ("name: shop\n", (1, 1), "is required"),
        ("", (1, 1), "the file is empty, not one gateway"),
        (SMALL + "---\na: 1\n", (1, 1), "the file holds 2 documents, not one gateway"),
        ("name: [", (2, 1), "not YAML: did not find expected node content"),
    ],
    ids=["map", "enum", "list", "number", "value", "missing", "empty", "two", "yaml"],
)
def test_a_mistake_has_a_place(text: str, place: tuple[int, int], message: str) -> None:
    error = _error(text)

    assert (error.line, error.column) == place
    assert error.message == message
    assert error.exit_code == 2


def test_a_word_like_a_known_one_is_answered_with_that_one() -> None:
    assert _error(SMALL + "active: gren\n").remedy == "did you mean 'green'?"
    assert _error(SMALL + "active: 7\n").remedy == "one of: blue, green"


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    error = _error(SMALL + "listeners:\n- 7\n- {name: a, port: 99999}\nnam: x\n")

    assert (error.line, error.field) == (6, "listeners[0]")
    first, second = error.remedy.splitlines()
    assert first.startswith("also dir/gateway.yaml:7:13: listeners[1].port: input should be less")
    assert second == "also dir/gateway.yaml:8:1: nam: unknown key 'nam' (did you mean 'name'?)"


def test_a_list_that_is_really_too_short_is_told() -> None:
    assert "at least 1 item" in _error(SMALL + "listeners: []\n").message


def test_a_path_is_written_as_people_write_it() -> None:
    assert render_path(("listeners", 0, "port")) == "listeners[0].port"
    assert render_path(("hosts", "a.example.com", "x-y")) == "hosts['a.example.com'].x-y"


def test_a_key_is_written_as_the_file_has_it_not_as_the_code_has_it() -> None:
    error = _error(SMALL + "hold_off_ms: 5\n")

    assert (error.message, error.remedy) == (
        "unknown key 'hold_off_ms'",
        "did you mean 'holdOffMs'?",
    )


CHECKS = """\
analysis:
  checks:
    - {type: htp, name: a}
    - nothing
    - {name: b}
    - {type: grpc}
    - {type: http, name: c, pth: /, status: [99]}
"""


def test_a_mistake_in_one_of_several_kinds_is_told_without_the_kind_in_its_path() -> None:
    assert [told.partition("analysis.checks")[2] for told in mistakes_of(CHECKS)] == [
        "[0].type: unknown type 'htp' | did you mean 'http'?",
        "[1]: should be a map of keys and values",
        "[2].type: is required (add it)",
        "[3].type: unknown type 'grpc' (one of: http, prometheus, command)",
        "[4].host: is required (add it)",
        "[4].pth: unknown key 'pth' (did you mean 'path'?)",
        "[4].status[0]: input should be greater than or equal to 100",
    ]


def test_a_mistake_between_fields_is_told_with_what_to_do() -> None:
    assert mistakes_of("steps: [{weight: 50}]\n") == [
        (
            "dir/upgrade.yaml:8:10: steps[0].weight: the last step gives green 50 %, not all "
            "| end with `- weight: 100`"
        )
    ]


@pytest.mark.parametrize("text", ["", "5\n", "- a\n", "name: a\n---\nname: b\n", "gateway: ''\n"])
def test_what_is_no_upgrade_is_a_spec_error(text: str) -> None:
    assert told_of(text)


GATEWAY = SMALL + "holdOffMs: 7\n"
NAMED = "name: up\ngateway: conf/gateway.yaml\n"


def _read(text: str, gateway: str = GATEWAY) -> Upgrade:
    def read(path: Path) -> str:
        assert path == Path("dir/conf/gateway.yaml")
        return gateway

    return parse_upgrade(text, "dir/upgrade.yaml", read)


def test_a_gateway_that_is_named_brings_its_clusters() -> None:
    upgrade = _read(NAMED)

    assert upgrade.gateway_model() == parse_gateway(GATEWAY, "dir/conf/gateway.yaml")
    assert upgrade.platform.green.kubeconfig == Path("dir/conf/g.yaml")


def test_the_clusters_may_be_said_again_but_not_otherwise() -> None:
    again = "platform: {type: existing, blue: {kubeconfig: conf/b.yaml}}\n"
    otherwise = "platform: {type: existing, green: {kubeconfig: h.yaml}}\n"

    assert _read(NAMED + again) == _read(NAMED)
    with pytest.raises(SpecError) as caught:
        _read(NAMED + otherwise)
    assert str(caught.value) == (
        "dir/upgrade.yaml:3:28: platform.green: the gateway's file names another cluster green"
    )


def test_a_mistake_in_the_gateway_that_is_named_is_told_with_its_file() -> None:
    with pytest.raises(SpecError, match=r"dir/conf/gateway\.yaml:5:1: nme: unknown key 'nme'"):
        _read(NAMED, SMALL + "nme: x\n")


def test_a_platform_that_is_no_map_is_told_though_the_gateway_is_named() -> None:
    with pytest.raises(SpecError, match=r"platform: should be a map"):
        _read(NAMED + "platform: 5\n")


def test_a_gateway_whose_traffic_is_on_green_is_refused() -> None:
    with pytest.raises(SpecError, match=r"gateway: the gateway's file says active: green"):
        _read(NAMED, SMALL + "active: green\n")


def test_a_gateway_that_can_be_no_path_is_told_where_it_is_named() -> None:
    with pytest.raises(SpecError, match=r"dir/upgrade.yaml:2:1: gateway: nobody here is called"):
        _read("name: up\ngateway: ~no-such-user/gateway.yaml\n")


def test_a_gateways_file_is_told_from_an_upgrades_in_one_sentence() -> None:
    with pytest.raises(SpecError) as caught:
        parse_upgrade(EXAMPLE.read_text(), "gateway.yaml", str)

    assert str(caught.value) == "gateway.yaml:1:1: this is a gateway's file, not an upgrade's"
    assert "name the upgrade's file" in caught.value.remedy


def test_the_gateway_is_found_in_either_file() -> None:
    gateway = parse_gateway(GATEWAY, "dir/conf/gateway.yaml")

    assert _find(GATEWAY, "dir/conf/gateway.yaml") == gateway
    assert _find(NAMED) == gateway
    assert _find(UPGRADE).name == "shop"
    assert _find(UPGRADE).clusters.green.context == "new"


@pytest.mark.parametrize("text", ["", "nothing", "a: 1\n---\nb: 1\n"])
def test_what_is_neither_file_is_a_spec_error(text: str) -> None:
    with pytest.raises(SpecError, match=r"dir/upgrade.yaml:1:1"):
        _find(text)


def _find(text: str, file: str = "dir/upgrade.yaml") -> Gateway:
    return parse_any_gateway(text, file, lambda _: GATEWAY)


@pytest.mark.parametrize(
    "text",
    [
        "analysis: {minRequests: false}",
        "analysis: {minRequests: '5'}",
        "analysis: {falseAlarms: '1'}",
        "bake: {approval: 'yes'}",
        "bake: {approval: 1}",
        "bake: {hold: true}",
        "freeze: [{dates: {from: 1800000000, to: 2027-01-01}}]",
        "freeze: [{dates: {from: 2027-01-01T00:00:00, to: 2027-01-01}}]",
    ],
)
def test_a_value_of_another_kind_is_not_bent_into_shape(text: str) -> None:
    assert len(mistakes_of(f"{text}\n")) == 1


def test_a_platform_is_read_and_its_mistakes_have_their_place() -> None:
    path = EXAMPLE.with_name("platform-article.yaml")
    text = path.read_text()

    assert parse_platform(text, path).clusters.blue.name == "old"
    with pytest.raises(SpecError, match="location: is required") as caught:
        parse_platform(text.replace("location:", "locaton:"), "platform.yaml")
    assert "unknown key 'locaton' (did you mean 'location'?)" in caught.value.remedy


def test_prices_are_read() -> None:
    assert parse_prices("machines: {A: 1.5}\n", "prices.yaml").machines == {"A": 1.5}
    with pytest.raises(SpecError, match="is empty, not one list of prices"):
        parse_prices("", "prices.yaml")
