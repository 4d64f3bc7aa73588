from pathlib import Path

import pytest

from bascule.errors import SpecError
from bascule.spec.load import parse_gateway, render_path

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
    assert error.remedy == "known keys: context, kubeconfig"


def test_an_unknown_key_of_an_item_is_compared_with_its_siblings() -> None:
    error = _error(SMALL + "listeners:\n- {name: a, prt: 80, port: 80}\n")

    assert error.field == "listeners[0].prt"
    assert error.remedy == "did you mean 'port'?"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("clusters: 5\nname: shop\n", (1, 1), "should be a map of keys and values"),
        (SMALL + "active: red\n", (5, 1), "input should be 'blue' or 'green'"),
        (SMALL + "ingressClasses: ['a b']\n", (5, 18), "is not the name of an IngressClass"),
        ("name: shop\n", (1, 1), "is required"),
        ("", (1, 1), "the file is empty, not one gateway"),
        (SMALL + "---\na: 1\n", (1, 1), "the file holds 2 documents, not one gateway"),
        ("name: [", (2, 1), "not YAML: did not find expected node content"),
    ],
    ids=["map", "enum", "value", "missing", "empty", "two", "yaml"],
)
def test_a_mistake_has_a_place(text: str, place: tuple[int, int], message: str) -> None:
    error = _error(text)

    assert (error.line, error.column) == place
    assert error.message == message
    assert error.exit_code == 2


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
