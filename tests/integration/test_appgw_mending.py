"""A table that Azure refuses: what it names stays out, the rest is written."""

from collections.abc import Mapping
from typing import Any

import pytest

from bascule.azure.document import Document, list_at, text_at, texts_at
from bascule.gateway.appgw.change import TableChange
from bascule.gateway.appgw.culprits import FOR_PROBES, Suspect, has_probes, served_hosts
from bascule.gateway.appgw.errors import RefusedError
from bascule.gateway.appgw.mending import HALVINGS_MAX, Mended, write_mended
from bascule.gateway.appgw.part import LISTENERS, RULES
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.appgw.writes import Change
from bascule.ids import Cluster
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import Host, Route, RoutingTable
from tests.support.gateway_lab import OWNS, GatewayLab, gateway_lab
from tests.support.tables import backend, host, route, route_set, table

GOOD = ("a.example.com", "b.example.com", "c.example.com")
BAD = "bad.example.com"


async def test_the_host_that_azure_names_is_left_out_and_the_rest_is_served() -> None:
    async with gateway_lab() as lab:
        mended = await write(lab, build_table(*GOOD, BAD), fault=dangle)

        (left_out,) = mended.left_out
        assert (left_out.suspect, left_out.is_kept) == (Suspect(BAD), False)
        assert "InvalidResourceReference" in left_out.why
        assert [each.name for each in mended.table.routes.hosts] == list(GOOD)
        assert await served(lab) == set(GOOD)
        assert mended.written.puts == 1


async def test_a_host_that_serves_goes_on_as_it_was_last_good() -> None:
    async with gateway_lab() as lab:
        live = build_table(*GOOD, BAD)
        await write(lab, live, fault=nothing)
        changed = build_table(*GOOD, BAD, ports=(8081,))

        mended = await write(lab, changed, fault=dangle_on_8081, live=live)

        (left_out,) = mended.left_out
        assert (left_out.suspect, left_out.is_kept) == (Suspect(BAD), True)
        assert host_of(mended.table, BAD) == host_of(live, BAD)
        assert host_of(mended.table, GOOD[0]) == host_of(changed, GOOD[0])
        assert await served(lab) == {*GOOD, BAD}


async def test_a_host_that_serves_and_whose_last_good_form_nobody_knows_is_never_left_out() -> None:
    async with gateway_lab() as lab:
        await write(lab, build_table(*GOOD, BAD), fault=nothing)
        before = await lab.get()

        with pytest.raises(RefusedError, match="InvalidResourceReference"):
            await write(lab, build_table(*GOOD, BAD, ports=(8081,)), fault=dangle)

        assert await lab.get() == before


async def test_where_azure_names_nothing_the_fault_is_looked_for_in_the_document() -> None:
    async with gateway_lab() as lab:
        mended = await write(lab, build_table(*GOOD, BAD), fault=take_a_priority)

        assert [each.suspect for each in mended.left_out] == [Suspect(BAD)]
        assert "PriorityMustBeUnique" in mended.left_out[0].why


async def test_where_nothing_tells_the_new_hosts_are_tried_in_halves() -> None:
    async with gateway_lab() as lab:
        live = build_table(*GOOD)
        await write(lab, live, fault=nothing)
        more = tuple(f"new-{number}.example.com" for number in range(3))

        mended = await write(lab, build_table(*GOOD, *more, BAD), fault=misspell, live=live)

        assert [each.suspect for each in mended.left_out] == [Suspect(BAD)]
        assert await served(lab) == {*GOOD, *more}
        assert mended.written.puts <= HALVINGS_MAX


@pytest.mark.parametrize("is_named", [True, False])
async def test_what_is_there_for_probes_goes_before_any_host(*, is_named: bool) -> None:
    async with gateway_lab() as lab:
        fault = dangle_prepared if is_named else misspell_prepared
        mended = await write(lab, build_table(*GOOD, is_of_both=True), fault=fault)

        assert [each.suspect for each in mended.left_out] == [FOR_PROBES]
        assert mended.table.routes.hosts == build_table(*GOOD, is_of_both=True).routes.hosts
        assert await served(lab) == set(GOOD)
        assert not has_probes(await lab.get())
        assert mended.written.puts == 1


async def test_what_is_there_for_probes_stays_where_a_host_is_at_fault() -> None:
    async with gateway_lab() as lab:
        mended = await write(lab, build_table(*GOOD, BAD, is_of_both=True), fault=misspell)

        assert [each.suspect for each in mended.left_out] == [Suspect(BAD)]
        assert has_probes(await lab.get())


async def test_halves_are_tried_a_limited_number_of_times() -> None:
    async with gateway_lab() as lab:
        bad = tuple(f"bad-{number}.example.com" for number in range(8))
        live = build_table(*GOOD)
        await write(lab, live, fault=nothing)
        sent = lab.puts

        mended = await write(lab, build_table(*GOOD, *bad), fault=misspell, live=live)

        assert {each.suspect.host for each in mended.left_out} == set(bad)
        assert await served(lab) == set(GOOD)
        assert lab.puts - sent <= HALVINGS_MAX + 2
        assert mended.written.puts == 0


async def test_what_is_refused_without_the_new_hosts_too_is_refused() -> None:
    async with gateway_lab() as lab:
        live = build_table(*GOOD)
        await write(lab, live, fault=nothing)

        with pytest.raises(RefusedError, match="Gopher"):
            await write(lab, build_table("other.example.com"), fault=misspell_all, live=live)

        assert await served(lab) == set(GOOD)


async def test_what_fails_after_it_was_begun_is_not_tried_in_halves() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="fail", operation="PutApplicationGateway", message="no luck")

        with pytest.raises(RefusedError, match="no luck"):
            await write(lab, build_table(*GOOD), fault=nothing)

        assert lab.puts == 2  # one to learn of If-Match


async def test_what_stays_as_it_was_with_the_pods_of_now_is_not_tried_as_if_it_were_new() -> None:
    async with gateway_lab() as lab:
        live = build_table(BAD)
        await write(lab, live, fault=nothing)
        sent = lab.puts
        wanted = build_table(BAD, "odd.example.com", ports=(8081,), address="10.1.0.9")

        mended = await write(lab, wanted, fault=dangle_on_8081_and_misspell_odd, live=live)

        bad, odd = mended.left_out
        assert (bad.suspect, bad.is_kept) == (Suspect(BAD), True)
        assert (odd.suspect, odd.is_kept) == (Suspect("odd.example.com"), False)
        assert addresses_of(mended.table, BAD) == {("10.1.0.9", 8080)}
        assert lab.puts - sent == 3  # refused by name, refused without one, taken


async def test_a_culprit_that_is_named_again_is_not_left_out_twice() -> None:
    async with gateway_lab() as lab:
        live = build_table(BAD)
        await write(lab, live, fault=nothing)
        changed = build_table(BAD, ports=(8081,))

        with pytest.raises(RefusedError):
            await write(lab, changed, fault=dangle_always, live=live)


# Faults, each for the hosts whose names begin with `bad`.


def nothing(body: Document) -> Document:
    return body


def dangle(body: Document) -> Document:
    """Let the rule of the bad host refer to rewrite rules that are not there."""
    gone = {"id": f"{text_at(body, 'id')}/rewriteRuleSets/bsc-gone"}
    return _on_bad(body, RULES, {"rewriteRuleSet": gone})


def dangle_always(body: Document) -> Document:
    """The same, and never the document that is there."""
    return {**dangle(body), "tags": {"always": "new"}}


def dangle_on_8081(body: Document) -> Document:
    """The same while the bad host's pods are to listen on 8081."""
    settings = list_at(body, "properties", "backendHttpSettingsCollection")
    bad = [each for each in settings if "bad" in text_at(each, "name")]
    is_new = any(each["properties"]["port"] == 8081 for each in bad)  # type: ignore[index]  # a document of ours
    return dangle(body) if is_new else body


def dangle_on_8081_and_misspell_odd(body: Document) -> Document:
    """The same, and let the listener of an odd host speak what Azure does not know."""
    return _on(dangle_on_8081(body), LISTENERS, {"protocol": "Gopher"}, "odd")


def take_a_priority(body: Document) -> Document:
    """Let the rule of the bad host have the priority of somebody else's."""
    return _on_bad(body, RULES, {"priority": 19_000})


def misspell(body: Document) -> Document:
    """Let the listener of a bad host speak what Azure does not know, and does not tell where."""
    return _on_bad(body, LISTENERS, {"protocol": "Gopher"})


def misspell_prepared(body: Document) -> Document:
    """Let the listener for probes speak what Azure does not know, and does not tell where."""
    return _on_prepared(body, LISTENERS, {"protocol": "Gopher"})


def dangle_prepared(body: Document) -> Document:
    """Let the rule of the listener for probes refer to what is not there."""
    gone = {"id": f"{text_at(body, 'id')}/rewriteRuleSets/bsc-gone"}
    return _on_prepared(body, RULES, {"rewriteRuleSet": gone})


def misspell_all(body: Document) -> Document:
    """Let the whole gateway be what Azure does not know."""
    return {**body, "properties": {**_properties(body), "sku": {"name": "Gopher"}}}


def _on_bad(body: Document, collection: str, change: Mapping[str, object]) -> Document:
    return _on(body, collection, change, "bad")


def _on_prepared(body: Document, collection: str, change: Mapping[str, object]) -> Document:
    return _on(body, collection, change, "bsc-prepared")


def _on(
    body: Document, collection: str, change: Mapping[str, object], part_of_name: str
) -> Document:
    def changed(child: Document) -> Document:
        told = " ".join((text_at(child, "name"), *texts_at(child, "properties", "hostNames")))
        if part_of_name not in told:
            return child
        return {**child, "properties": {**_properties(child), **change}}

    children = [changed(each) for each in list_at(body, "properties", collection)]
    return {**body, "properties": {**_properties(body), collection: children}}


def _properties(document: Document) -> dict[str, Any]:
    found: Any = document["properties"]
    return dict(found)


# Tables, and writing them.


def build_table(
    *names: str,
    ports: tuple[int, ...] = (8080,),
    is_of_both: bool = False,
    address: str = "127.0.0.1",
) -> RoutingTable:
    def build_route(service: str) -> Route:
        blue, green = (backend(each, service, *ports, address=address) for each in Cluster)
        return route(blue, green if is_of_both else None)

    hosts = (host(name, build_route(name.split(".")[0])) for name in names)
    return table(route_set(tuple(hosts)))


def host_of(found: RoutingTable, name: str) -> Host:
    return next(each for each in found.routes.hosts if each.name == name)


def addresses_of(found: RoutingTable, name: str) -> set[tuple[str, int]]:
    backends = (each.blue for each in host_of(found, name).routes)
    return {(e.address, e.port) for each in backends if each for e in each.endpoints}


async def served(lab: GatewayLab) -> set[str]:
    return set(served_hosts(await lab.get(), OWNS))


async def write(
    lab: GatewayLab, wanted: RoutingTable, *, fault: Change, live: RoutingTable | None = None
) -> Mended:
    translator = Translator(AppGwSettings(gateway_id=lab.gateway_id, owner=OWNS.owner))

    def build(part: RoutingTable, /, *, is_probing: bool) -> Change:
        change = TableChange(
            part,
            CertificateStore(by_digest={}),
            translator=translator,
            owns=OWNS,
            is_probing=is_probing,
        )
        return lambda document: fault(change(document))

    read, send = lab.writer.read, lab.writer.write
    mending = write_mended(wanted, build, read=read, write=send, live=live, owns=OWNS)
    return await lab.drive(mending)
