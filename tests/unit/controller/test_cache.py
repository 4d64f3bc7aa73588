from datetime import UTC, datetime, timedelta

from bascule.controller.cache import Change, ClusterCache, ClusterState
from bascule.controller.feed import FeedEvent
from bascule.kube.reflector import Gone, Lost, Put, Resumed, Synced
from bascule.manifest.objects import ALWAYS_READ, Kind
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


def synced_cache() -> ClusterCache:
    cache = ClusterCache(NOW)
    for kind in ALWAYS_READ:
        items = [item for item in parsed(raw_ingress(), raw_service()) if item.kind is kind]
        cache.take(kind, Synced(tuple(items)), NOW)
    return cache


def test_a_cluster_is_complete_once_every_kind_is_listed() -> None:
    cache = ClusterCache(NOW)
    kinds = list(ALWAYS_READ)
    for kind in kinds[:-1]:
        cache.take(kind, Synced(()), NOW)
    before = cache.knowledge()

    cache.take(kinds[-1], Synced(()), LATER)

    assert (before.state, before.is_complete) == (ClusterState.LOADING, False)
    assert cache.snapshot.is_complete
    assert cache.knowledge().state is ClusterState.SYNCED
    assert cache.knowledge().since == LATER


def test_a_kind_that_only_some_gateways_need_is_waited_for_when_it_is_needed() -> None:
    cache = ClusterCache(NOW, (*ALWAYS_READ, Kind.POD))
    for kind in ALWAYS_READ:
        cache.take(kind, Synced(()), NOW)
    before = cache.snapshot

    cache.take(Kind.POD, Synced(()), LATER)

    assert not before.is_complete
    assert cache.snapshot.is_complete


def test_objects_come_change_and_go() -> None:
    cache = synced_cache()
    (one,) = parsed(raw_slice(addresses=["127.64.0.1"]))
    (two,) = parsed(raw_slice(addresses=["127.64.0.2"]))

    assert cache.take(Kind.ENDPOINT_SLICE, Put(one), NOW)
    assert cache.take(Kind.ENDPOINT_SLICE, Put(two), NOW)
    assert list(cache.snapshot.endpoint_slices()) == [two]
    assert cache.take(Kind.ENDPOINT_SLICE, Gone(two), NOW)
    assert list(cache.snapshot.endpoint_slices()) == []


def test_an_event_that_changes_nothing_that_is_read_is_no_change() -> None:
    cache = synced_cache()
    (same,) = parsed(raw_service() | {"status": {"loadBalancer": {}}})

    assert not cache.take(Kind.SERVICE, Put(same), NOW)
    assert not cache.take(Kind.SECRET, Put(None), NOW)
    assert not cache.take(Kind.SECRET, Gone(None), NOW)


def test_a_new_list_drops_what_is_not_in_it() -> None:
    cache = synced_cache()

    cache.take(Kind.INGRESS, Synced((None,)), NOW)

    assert list(cache.snapshot.ingresses()) == []
    assert cache.snapshot.service("shop", "web") is not None


def test_a_cluster_that_is_away_keeps_what_was_known_and_says_since_when() -> None:
    cache = synced_cache()

    assert cache.take(Kind.SERVICE, Lost("refused"), LATER)

    assert cache.snapshot.is_stale
    assert cache.snapshot.is_complete
    assert len(cache.snapshot) == 2
    knowledge = cache.knowledge()
    assert knowledge.state is ClusterState.STALE
    assert knowledge.reason == "refused"
    assert knowledge.since == LATER
    assert knowledge.objects == 2


def test_a_cluster_is_back_when_every_kind_is() -> None:
    cache = synced_cache()
    cache.take(Kind.SERVICE, Lost("refused"), NOW)
    cache.take(Kind.SECRET, Lost("refused"), NOW)

    cache.take(Kind.SERVICE, Resumed(), NOW)
    assert cache.knowledge().state is ClusterState.STALE
    cache.take(Kind.SECRET, Synced(()), LATER)

    assert cache.knowledge().state is ClusterState.SYNCED
    assert cache.knowledge().reason == ""


def test_a_cluster_that_was_never_reached_is_stale_and_not_complete() -> None:
    cache = ClusterCache(NOW)

    cache.take(Kind.SERVICE, Lost("no such host"), NOW)

    assert cache.knowledge().state is ClusterState.STALE
    assert not cache.knowledge().is_complete


def test_only_the_loss_of_a_ready_endpoint_is_urgent() -> None:
    cache = synced_cache()
    (both,) = parsed(raw_slice(addresses=["127.64.0.1", "127.64.0.2"]))
    (one,) = parsed(raw_slice(addresses=["127.64.0.1"]))

    events: list[FeedEvent] = [Put(one), Put(both), Put(one), Gone(one), Gone(one)]

    changes = [cache.take(Kind.ENDPOINT_SLICE, event, NOW) for event in events]

    assert changes == [
        Change.ORDINARY,
        Change.ORDINARY,
        Change.URGENT,
        Change.URGENT,
        Change.NONE,
    ]


def test_an_endpoint_that_ends_is_urgent_before_it_is_gone() -> None:
    cache = synced_cache()
    raw = raw_slice(addresses=["127.64.0.1"])
    (ready,) = parsed(raw)
    raw["endpoints"][0]["conditions"] = {"ready": False, "serving": True, "terminating": True}
    (ending,) = parsed(raw)
    cache.take(Kind.ENDPOINT_SLICE, Put(ready), NOW)

    assert cache.take(Kind.ENDPOINT_SLICE, Put(ending), NOW) is Change.URGENT
    assert cache.take(Kind.ENDPOINT_SLICE, Gone(ending), NOW) is Change.ORDINARY


def test_other_kinds_are_never_urgent() -> None:
    cache = synced_cache()
    (service,) = parsed(raw_service())

    assert cache.take(Kind.SERVICE, Gone(service), NOW) is Change.ORDINARY
