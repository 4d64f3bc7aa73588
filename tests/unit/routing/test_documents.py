import json
from datetime import UTC, datetime

import msgspec
import pytest

from bascule.errors import UsageError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.manifest.objects import Metadata, TlsSecret
from bascule.routing.build import BuildOptions, build_routes
from bascule.routing.documents import (
    answer_explain,
    explanation_document,
    parse_explanation,
    table_document,
    whole_split,
)
from bascule.routing.explain import explain
from bascule.routing.weights import Weights
from tests.support.manifests import endpoints, ingress, service, snapshot
from tests.support.routing_worlds import certificate_pair

SECRET = TlsSecret(meta=Metadata(namespace="shop", name="cert"), pair=certificate_pair("a"))
WORLD = snapshot(
    ingress(more="tls: [{secretName: cert}]"),
    ingress("other", host="other.test", service="missing"),
    service(),
    endpoints("10.0.0.1"),
    SECRET,
)
ROUTES = build_routes({Cluster.BLUE: WORLD}, options=BuildOptions())
SPLIT = whole_split(Cluster.BLUE)


def test_a_table_is_plain_data_without_a_key() -> None:
    document = table_document(ROUTES)

    text = json.dumps(document)
    assert "key a" not in text
    assert document["digest"] == ROUTES.digest
    hosts = document["hosts"]
    assert isinstance(hosts, list)
    assert hosts[1] == {
        "name": "shop.example.com",
        "tls": True,
        "certificate": {
            "secret": "shop/cert",
            "digest": ROUTES.hosts[1].certificate.digest if ROUTES.hosts[1].certificate else "",
            "not_after": datetime(2030, 1, 1, tzinfo=UTC).isoformat(),
        },
        "routes": [
            {
                "kind": "Prefix",
                "path": "/",
                "bound_to": "blue",
                "down": False,
                "settings": {
                    "ssl_redirect": True,
                    "timeout_s": None,
                    "retries": 2,
                    "affinity": {"kind": "cookie", "name": "bascule", "ttl_s": 86400},
                },
                "blue": {
                    "name": "blue/shop/web/http",
                    "protocol": "http",
                    "endpoints": ["10.0.0.1:8080"],
                },
                "green": None,
                "sources": ["blue/shop/web"],
            }
        ],
    }


def test_problems_are_in_the_document() -> None:
    problems = table_document(ROUTES)["problems"]

    assert problems == [
        {
            "severity": "error",
            "cluster": "blue",
            "kind": "Ingress",
            "namespace": "shop",
            "name": "other",
            "code": "ServiceNotFound",
            "message": "other.test/: there is no Service missing",
        }
    ]


def test_an_explanation_survives_the_wire() -> None:
    found = explain(ROUTES, "https://shop.example.com/x", {}, SPLIT)

    wire: dict[str, Json] = json.loads(json.dumps(explanation_document(found)))

    assert parse_explanation(wire) == found


def test_something_else_is_no_explanation() -> None:
    with pytest.raises(msgspec.ValidationError):
        parse_explanation({"ok": True})


def test_the_runtime_answers_what_explain_says() -> None:
    url = "https://shop.example.com/x"
    request: dict[str, Json] = {"op": "explain", "url": url, "headers": {"A": "b", "C": 5}}

    assert answer_explain(ROUTES, SPLIT, request) == explanation_document(
        explain(ROUTES, url, {"A": "b"}, SPLIT)
    )


@pytest.mark.parametrize(
    "request_",
    [{}, {"url": 5}, {"url": "http://x/", "headers": ["a"]}],
    ids=["none", "url", "list"],
)
def test_another_request_is_refused(request_: dict[str, Json]) -> None:
    with pytest.raises(UsageError):
        answer_explain(ROUTES, SPLIT, request_)


def test_a_whole_split_sends_everything_to_one_cluster() -> None:
    assert whole_split(Cluster.GREEN).default == Weights.all_to(Cluster.GREEN)
