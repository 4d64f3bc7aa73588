"""AGIC found and put to sleep, and silence proven, against a lab's Azure and a scripted cluster."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bascule.app.clock import SystemClock
from bascule.app.gateways.agic import (
    AddOn,
    Controller,
    disable_add_on,
    find_agic,
    put_to_sleep,
    wake,
)
from bascule.app.gateways.silence import Silence
from bascule.azure.document import Document, object_at, value_at
from bascule.errors import ForbiddenError, PlanError
from bascule.gateway.appgw.adoption import adopt_document
from bascule.gateway.appgw.giving_back import give_back
from bascule.gateway.appgw.merge import is_same
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.inventory.azure.clusters import read_cluster
from bascule.kube.client import KubeClient
from bascule.kube.connection import Connection, StaticToken
from tests.support.aks_world import body_of
from tests.support.gateway_lab import LOCATION, GatewayLab, gateway_lab, with_pool
from tests.support.scripted_api import ScriptedApi, refuse, send
from tests.support.virtual_clock import VirtualClock

AGIC = Controller(
    cluster=Cluster.BLUE, context="old", namespace="agic", name="ingress-azure", replicas=2
)
SILENCE_S = 300.0
TRIES_MAX = 20


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    async with ScriptedApi() as server:
        yield server


@pytest.fixture
async def cluster(api: ScriptedApi) -> AsyncIterator[KubeClient]:
    connection = Connection(name="old", server=api.url, credentials=StaticToken("t0ken"))
    async with KubeClient(connection, clock=SystemClock()) as made:
        yield made


def shown(replicas: int, running: int) -> bytes:
    """Return AGIC's Deployment."""
    deployment = {"spec": {"replicas": replicas}, "status": {"replicas": running}}
    return json.dumps({"metadata": {"name": "ingress-azure"}, **deployment}).encode()


async def test_agic_sleeps_when_its_last_pod_is_gone(api: ScriptedApi, cluster: KubeClient) -> None:
    told: list[str] = []
    clock = VirtualClock()
    api.script(send(b"{}"), send(shown(0, 2)), send(shown(0, 1)), send(shown(0, 0)))

    await clock.drive(put_to_sleep(AGIC, cluster, clock=clock, tell=told.append))

    scaled = api.seen[0]
    assert scaled.path.endswith("/namespaces/agic/deployments/ingress-azure/scale")
    assert json.loads(scaled.body) == {"spec": {"replicas": 0}}
    assert told == ["AGIC sleeps: agic/ingress-azure of blue has no pods"]


async def test_where_we_may_not_scale_it_somebody_is_told_what_to_type_and_waited_for(
    api: ScriptedApi, cluster: KubeClient
) -> None:
    told: list[str] = []
    clock = VirtualClock()
    api.script(refuse(403, "Forbidden"), send(shown(2, 2)), send(shown(0, 0)))

    await clock.drive(put_to_sleep(AGIC, cluster, clock=clock, tell=told.append))

    command = "kubectl --context old -n agic scale deployment/ingress-azure --replicas=0"
    assert command in told[0]
    assert len(told) == 2


async def test_an_agic_that_does_not_sleep_is_given_up(
    api: ScriptedApi, cluster: KubeClient
) -> None:
    clock = VirtualClock()
    api.script(send(b"{}"), *[send(shown(0, 1))] * 200)

    with pytest.raises(ExceptionGroup) as caught:
        await clock.drive(put_to_sleep(AGIC, cluster, clock=clock, tell=_tell_nobody))

    assert caught.group_contains(PlanError, match="not asleep after 300 s")


async def test_an_agic_that_we_may_not_wake_is_woken_by_somebody(
    api: ScriptedApi, cluster: KubeClient
) -> None:
    told: list[str] = []
    api.script(refuse(403, "Forbidden"))

    await wake(AGIC, cluster, tell=told.append)

    assert "kubectl --context old -n agic scale deployment/ingress-azure --replicas=2" in told[0]


async def test_who_writes_while_it_is_listened_is_named_and_the_wait_begins_anew() -> None:
    async with gateway_lab() as lab:
        told: list[str] = []

        await lab.drive(_write_while_listened(lab, told, times=1))

        assert lab.other_app.app_id in told[1]
        assert len(told) <= 4
        assert told[-1] == "nobody has written the gateway for 300 s"


async def test_who_goes_on_writing_is_named_and_the_take_over_refused() -> None:
    async with gateway_lab() as lab:
        with pytest.raises(PlanError, match="again and again"):
            await lab.drive(_write_while_listened(lab, [], times=TRIES_MAX))


async def test_silence_is_not_proven_where_the_activity_log_is_not_shown() -> None:
    async with gateway_lab() as lab:
        await lab.fault(kind="error", path="eventtypes", status=403, code="AuthorizationFailed")

        with pytest.raises(ForbiddenError, match="silence cannot be proven"):
            await lab.drive(_silence(lab, []).prove(SILENCE_S))


async def test_an_add_on_that_writes_the_gateway_is_found_and_disabled() -> None:
    async with gateway_lab() as lab:
        cluster_id = await _make_cluster(lab)

        found = await find_agic(lab.client, {}, await lab.get())
        await lab.drive(disable_add_on(lab.client, found.add_ons[0], tell=_tell_nobody))

        assert found.add_ons == (
            AddOn(
                cluster_id=found.add_ons[0].cluster_id,
                name="old",
                owns_gateway=False,
                identity_id=f"{cluster_id}/identity",
                is_identity_used=False,
            ),
        )
        document = await lab.client.get(cluster_id)
        assert document is not None
        assert not read_cluster(document).has_agic
        assert value_at(document, "properties", "dnsPrefix") == "old-AKSUpgrade-111111"


async def test_a_gateway_that_is_given_back_is_what_it_was_with_the_addresses_of_now() -> None:
    async with gateway_lab() as lab:
        kept = await lab.get()
        owns = Owns(prefix="bsc-", owner="shop", adopted=True)
        pool = "pool-default-shop-80-bp-8080"

        def take_over(document: Document) -> Document:
            tagged = adopt_document(document, owner="shop", agic_prefix="")
            return with_pool(tagged, "bsc-shop", "10.0.0.1")

        def give(document: Document) -> Document:
            now = {pool: ("10.0.0.7",)}
            return give_back(document, kept, owns, agic_prefix="", now=now).document

        await lab.drive(lab.make_writer(owns=owns).write(take_over))
        written = await lab.drive(lab.make_writer(owns=owns).write(give))

        assert written.puts == 1
        assert is_same(written.after, with_pool(kept, pool, "10.0.0.7"))
        assert object_at(written.after, "tags") == object_at(kept, "tags")


def _tell_nobody(_line: str) -> None:
    return


def _silence(lab: GatewayLab, told: list[str]) -> Silence:
    return Silence(client=lab.client, gateway_id=lab.gateway_id, clock=lab.clock, tell=told.append)


async def _write_while_listened(lab: GatewayLab, told: list[str], *, times: int) -> None:
    """Listen, and let somebody else write so often once it has begun."""
    left = times

    async def on_send(method: str, path: str) -> None:
        nonlocal left
        if method == "GET" and path.endswith("/values") and left:
            left -= 1
            await lab.put_other(await lab.get())

    lab.pipeline.on_send = on_send
    await _silence(lab, told).prove(SILENCE_S)


async def _make_cluster(lab: GatewayLab) -> str:
    """Make a cluster whose add-on writes the gateway."""
    group = lab.gateway_id.partition("/providers/")[0]
    cluster_id = f"{group}/providers/Microsoft.ContainerService/managedClusters/old"
    add_on = {
        "enabled": True,
        "config": {"effectiveApplicationGatewayId": lab.gateway_id},
        "identity": {"resourceId": f"{cluster_id}/identity"},
    }
    profiles: dict[str, Any] = {"ingressApplicationGateway": add_on}
    body = {**body_of("", addonProfiles=profiles), "location": LOCATION}
    reply = await lab.ours.ask("PUT", cluster_id, body)
    assert reply.status == 201, reply.body
    await lab.settle()
    return cluster_id
