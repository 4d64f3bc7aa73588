"""The order in which an Envoy is brought from one snapshot to another."""

from typing import Any

from bascule.gateway.envoy import protos
from bascule.gateway.envoy.session import (
    REASON_LENGTH_MAX,
    RESOURCES_MAX,
    Change,
    Session,
)
from bascule.gateway.envoy.snapshot import Delta, Kind, Snapshot, build_resource, diff_kind
from bascule.gateway.envoy.stance import LAYER_NAME, Stance, build_runtime
from bascule.gateway.envoy.translate import NOTHING, Translation, translate
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.model import BackendProtocol, Route
from bascule.routing.weights import Split
from tests.support import tables
from tests.support.tables import ALL_BLUE

NAMES = ("blue/shop/web/http", "green/shop/web/http")


class Client:
    """Plays Envoy's part of the protocol on one session."""

    def __init__(self, session: Session | None = None) -> None:
        self.session = session or Session()
        self.log: list[str] = []

    def say(self, kind: Kind, **fields: Any) -> Kind | None:
        request = protos.message("envoy.service.discovery.v3.DeltaDiscoveryRequest")
        return self.session.handle(request(type_url=kind.value, **fields))

    def subscribe(self, kind: Kind, *names: str, **versions: str) -> None:
        self.say(
            kind,
            resource_names_subscribe=names,
            initial_resource_versions=versions,
            node={"id": "envoy-1"},
        )

    def pull(self, snapshot: Snapshot) -> list[tuple[Kind, str, set[str], set[str]]]:
        """Take everything that may be sent now, without answering."""
        found = []
        for kind in Kind:
            ready = self.session.next_delta(kind, snapshot)
            if ready is not None:
                nonce, delta = ready
                changed = {resource.name for resource in delta.changed}
                found.append((kind, nonce, changed, set(delta.removed)))
        return found

    def drain(self, snapshot: Snapshot) -> list[tuple[Kind, set[str], set[str]]]:
        """Take and acknowledge everything until nothing more comes; return it in order."""
        found = []
        while batch := self.pull(snapshot):
            for kind, nonce, changed, removed in batch:
                found.append((kind, changed, removed))
                self.say(kind, response_nonce=nonce)
        return found


def connected(*, names: tuple[str, ...] = NAMES) -> Client:
    client = Client()
    client.subscribe(Kind.RUNTIME, LAYER_NAME)
    client.subscribe(Kind.CLUSTER)
    client.subscribe(Kind.LISTENER)
    client.subscribe(Kind.ENDPOINTS, *names)
    client.subscribe(Kind.ROUTES, "http")
    return client


def _translate(*routes: Route, previous: Translation = NOTHING) -> Translation:
    host = tables.host("shop.example.com", *routes)
    return translate(tables.route_set([host]), Stance(Split(ALL_BLUE)), EMPTY_STORE, previous)


def _both() -> Translation:
    return _translate(tables.route(*(tables.backend(cluster, "web", 80) for cluster in Cluster)))


def test_a_new_envoy_gets_the_runtime_first_and_routes_when_its_clusters_are_warm() -> None:
    client, snapshot = connected(), _both().snapshot

    first = client.pull(snapshot)
    before_the_ack = client.pull(snapshot)
    for kind, nonce, *_ in first:
        client.say(kind, response_nonce=nonce)
    second = client.pull(snapshot)

    assert [kind for kind, *_ in first] == [Kind.RUNTIME, Kind.CLUSTER, Kind.ENDPOINTS]
    assert before_the_ack == []
    assert [kind for kind, *_ in second] == [Kind.LISTENER, Kind.ROUTES]
    assert client.session.node == "envoy-1"


def test_nothing_is_sent_of_a_kind_that_nobody_asked_for() -> None:
    client = Client()

    assert client.pull(_both().snapshot) == []
    assert client.session.has_acknowledged(Kind.ROUTES, "http", None)
    assert not client.session.is_current(Kind.ROUTES, _both().snapshot)
    assert client.say(Kind.ROUTES) is Kind.ROUTES


def test_a_kind_that_we_do_not_serve_is_left_alone() -> None:
    request = protos.message("envoy.service.discovery.v3.DeltaDiscoveryRequest")

    assert Session().handle(request(type_url="type.googleapis.com/other")) is None


def test_clusters_go_after_the_routes_that_named_them() -> None:
    client, first = connected(), _both()
    client.drain(first.snapshot)
    green = tables.backend(Cluster.GREEN, "web", 80)
    second = _translate(tables.route(None, green), previous=first)

    steps = client.drain(second.snapshot)

    removals = [index for index, step in enumerate(steps) if NAMES[0] in step[2]]
    routes = [index for index, step in enumerate(steps) if step[0] is Kind.ROUTES]
    cluster_removal = next(i for i in removals if steps[i][0] is Kind.CLUSTER)
    assert routes[0] < cluster_removal


def test_the_last_endpoint_goes_after_the_routes() -> None:
    client, first = connected(), _both()
    client.drain(first.snapshot)
    empty, green = tables.backend(Cluster.BLUE, "web"), tables.backend(Cluster.GREEN, "web", 81)
    second = _translate(tables.route(empty, green), previous=first)

    steps = client.drain(second.snapshot)

    assert steps == [
        (Kind.ENDPOINTS, {NAMES[1]}, set()),
        (Kind.ROUTES, {"http"}, set()),
        (Kind.ENDPOINTS, {NAMES[0]}, set()),
    ]


def test_endpoints_are_sent_again_when_their_cluster_changes() -> None:
    client, first = connected(), _both()
    client.drain(first.snapshot)
    h2c = [tables.backend(cluster, "web", 80, protocol=BackendProtocol.H2C) for cluster in Cluster]
    second = _translate(tables.route(*h2c), previous=first)

    batch = client.pull(second.snapshot)

    assert [(kind, changed) for kind, _, changed, _ in batch] == [
        (Kind.CLUSTER, set(NAMES)),
        (Kind.ENDPOINTS, set(NAMES)),
    ]


def test_an_envoy_that_comes_back_is_sent_only_what_differs() -> None:
    translation = _both()
    snapshot = translation.snapshot
    client = Client()
    for kind in Kind:
        versions = {name: r.version for name, r in snapshot.of(kind).items()}
        names = () if kind in {Kind.CLUSTER, Kind.LISTENER} else tuple(versions)
        client.say(kind, resource_names_subscribe=names, initial_resource_versions=versions)

    assert client.drain(snapshot) == []


def test_an_envoy_that_comes_back_keeps_its_runtime_until_it_has_our_routes() -> None:
    snapshot = _both().snapshot
    client = Client()
    client.subscribe(Kind.RUNTIME, LAYER_NAME, **{LAYER_NAME: "older"})
    client.subscribe(Kind.CLUSTER)
    client.subscribe(Kind.LISTENER)
    client.subscribe(Kind.ENDPOINTS, *NAMES)
    client.subscribe(Kind.ROUTES, "http", http="older")

    steps = [kind for kind, *_ in client.drain(snapshot)]

    assert steps.index(Kind.RUNTIME) > steps.index(Kind.ROUTES)


def test_a_refusal_is_kept_and_not_sent_again_until_it_is_forgiven() -> None:
    client, snapshot = connected(), _both().snapshot
    batch = {kind: nonce for kind, nonce, *_ in client.pull(snapshot)}
    long_reason = "no" * REASON_LENGTH_MAX

    client.say(
        Kind.CLUSTER, response_nonce=batch[Kind.CLUSTER], error_detail={"message": long_reason}
    )

    (rejection,) = client.session.rejections()
    assert rejection.kind is Kind.CLUSTER
    assert rejection.versions.keys() == set(NAMES)
    assert len(rejection.reason) == REASON_LENGTH_MAX
    assert client.pull(snapshot) == []
    client.session.forgive(Kind.CLUSTER)
    client.session.forgive(Kind.SECRET)
    assert list(client.session.rejections()) == []
    assert Kind.CLUSTER in {kind for kind, *_ in client.pull(snapshot)}


def test_what_is_asked_for_once_more_is_sent_once_more() -> None:
    client, snapshot = connected(), _both().snapshot
    client.drain(snapshot)

    client.subscribe(Kind.ENDPOINTS, NAMES[0])

    assert [changed for _, _, changed, _ in client.pull(snapshot)] == [{NAMES[0]}]


def test_a_name_that_is_not_there_is_told_once() -> None:
    client, snapshot = connected(), _both().snapshot
    client.drain(snapshot)

    client.subscribe(Kind.ROUTES, "nobody")
    told = client.drain(snapshot)
    client.subscribe(Kind.ROUTES, "http")

    assert told == [(Kind.ROUTES, set(), {"nobody"})]
    assert client.drain(snapshot) == [(Kind.ROUTES, {"http"}, set())]


def test_what_is_unsubscribed_is_forgotten() -> None:
    client, snapshot = connected(), _both().snapshot
    client.drain(snapshot)

    client.say(Kind.ENDPOINTS, resource_names_unsubscribe=[NAMES[0]])

    assert client.session.has_acknowledged(Kind.ENDPOINTS, NAMES[0], None)
    assert client.drain(snapshot) == []


def test_an_answer_to_something_that_was_never_sent_changes_nothing() -> None:
    client, snapshot = connected(), _both().snapshot

    client.say(Kind.CLUSTER, response_nonce="77")

    assert not client.session.is_current(Kind.CLUSTER, snapshot)


def test_a_known_change_is_sent_without_a_look_at_the_rest() -> None:
    client, first = connected(names=NAMES[:1]), _both()
    client.drain(first.snapshot)
    more = [tables.backend(cluster, "web", 80, 81) for cluster in Cluster]
    second = _translate(tables.route(*more), previous=first)
    before, after = (t.snapshot.of(Kind.ENDPOINTS) for t in (first, second))
    change = Change(before, diff_kind(before, after))

    ready = client.session.next_delta(Kind.ENDPOINTS, second.snapshot, change)

    assert ready is not None
    assert [resource.name for resource in ready[1].changed] == [NAMES[0]]
    everything = Change(first.snapshot.of(Kind.CLUSTER), Delta(removed=("gone",)))
    other = second.snapshot.replacing({Kind.CLUSTER: dict(second.snapshot.of(Kind.CLUSTER))})
    removal = client.session.next_delta(Kind.CLUSTER, other, everything)
    assert removal is not None
    assert removal[1] == everything.delta


def test_what_was_refused_is_replaced_or_removed_by_whatever_comes_next() -> None:
    client, snapshot = connected(), _both().snapshot
    batch = {kind: nonce for kind, nonce, *_ in client.pull(snapshot)}
    client.say(Kind.CLUSTER, response_nonce=batch[Kind.CLUSTER], error_detail={"message": "no"})
    client.session.forgive(Kind.CLUSTER)

    steps = client.pull(snapshot.replacing({Kind.CLUSTER: {}, Kind.ROUTES: {}, Kind.LISTENER: {}}))

    assert [step[3] for step in steps if step[0] is Kind.CLUSTER] == [set(NAMES)]


def test_what_was_sent_twice_is_held_when_the_last_of_it_is_acknowledged() -> None:
    client = connected()
    blue, green = (_runtime(cluster) for cluster in Cluster)
    client.drain(blue)
    (_, second, *_), *_ = client.pull(green)
    (_, third, *_), *_ = client.pull(blue)

    def holds() -> bool:
        return client.session.is_current(Kind.RUNTIME, blue)

    assert not holds()
    client.say(Kind.RUNTIME, response_nonce=second)
    assert not client.session.is_current(Kind.RUNTIME, green)
    assert not holds()
    client.say(Kind.RUNTIME, response_nonce=third)
    assert holds()


def test_a_great_change_comes_in_parts_and_a_switch_goes_between_them() -> None:
    client = connected()
    blue, green = (_runtime(cluster) for cluster in Cluster)
    names = [f"c{number:04}" for number in range(RESOURCES_MAX + 1)]
    many = {name: build_resource(name, b"x") for name in names}
    client.drain(blue)

    first = client.pull(blue.replacing({Kind.CLUSTER: many}))
    second = client.pull(green.replacing({Kind.CLUSTER: many}))
    third = client.pull(green.replacing({Kind.CLUSTER: many}))

    assert [(kind, len(changed)) for kind, _, changed, _ in first] == [
        (Kind.CLUSTER, RESOURCES_MAX)
    ]
    assert [(kind, changed) for kind, _, changed, _ in second] == [
        (Kind.RUNTIME, {LAYER_NAME}),
        (Kind.CLUSTER, {names[-1]}),
    ]
    assert third == []


def _runtime(cluster: Cluster) -> Snapshot:
    return Snapshot({Kind.RUNTIME: {LAYER_NAME: build_runtime({"": cluster})}})
