"""The verbs of the client over real HTTP: paths, bodies, throttling, warnings, refusals."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bascule.app.clock import SystemClock
from bascule.errors import (
    ApiError,
    ConflictError,
    InvalidError,
    NotFoundError,
    ThrottledError,
    TransportError,
)
from bascule.kube.api_warnings import ApiWarning
from bascule.kube.client import (
    Deletion,
    KubeClient,
    PatchKind,
    Selection,
    ServerVersion,
    WriteOptions,
    as_is,
)
from bascule.kube.connection import Connection, Impersonation, StaticToken
from bascule.kube.kubeconfig import await_kubeconfig, load_kubeconfig
from bascule.kube.resources import DEPLOYMENTS, INGRESSES, SECRETS, SERVICES
from bascule.kube.session import ClientLimits
from bascule.kube.sockets import open_socket
from tests.support.raw_objects import raw_ingress, raw_service
from tests.support.scripted_api import ScriptedApi, redirect, refuse, send, tear

INGRESS_PATH = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    async with ScriptedApi() as server:
        yield server


@pytest.fixture
def warnings() -> list[ApiWarning]:
    return []


@pytest.fixture
async def client(api: ScriptedApi, warnings: list[ApiWarning]) -> AsyncIterator[KubeClient]:
    connection = Connection(
        name="test",
        server=api.url,
        credentials=StaticToken("t0ken"),
        impersonation=Impersonation(user="ann", uid="7", groups=("dev", "ops")),
    )
    limits = ClientLimits(throttled_wait_max_s=0.01, throttled_tries_max=2)
    async with KubeClient(
        connection, clock=SystemClock(), limits=limits, on_warning=warnings.append
    ) as made:
        yield made


async def test_create_posts_to_the_namespace(api: ScriptedApi, client: KubeClient) -> None:
    made = await client.create(INGRESSES, raw_ingress(), options=WriteOptions(is_dry_run=True))

    assert made == raw_ingress()
    seen = api.seen[-1]
    assert (seen.method, seen.path) == ("POST", INGRESS_PATH)
    assert seen.query == {"fieldManager": "bascule", "dryRun": "All"}
    assert seen.headers["Content-Type"] == "application/json"


async def test_apply_is_a_patch_of_its_own_kind(api: ScriptedApi, client: KubeClient) -> None:
    options = WriteOptions(field_manager="me", is_forced=True, field_validation="Strict")

    await client.apply(INGRESSES, raw_ingress(), options=options, subresource="status")

    seen = api.seen[-1]
    assert (seen.method, seen.path) == ("PATCH", f"{INGRESS_PATH}/shop/status")
    assert seen.query == {"fieldManager": "me", "fieldValidation": "Strict", "force": "true"}
    assert seen.headers["Content-Type"] == "application/apply-patch+yaml"


@pytest.mark.parametrize("kind", list(PatchKind))
async def test_each_patch_says_how_it_is_meant(
    api: ScriptedApi, client: KubeClient, kind: PatchKind
) -> None:
    await client.patch(SERVICES, "web", {"a": 1}, kind=kind, namespace="shop")

    assert api.seen[-1].headers["Content-Type"] == kind.value
    assert api.seen[-1].path == "/api/v1/namespaces/shop/services/web"


async def test_scale_writes_the_subresource(api: ScriptedApi, client: KubeClient) -> None:
    await client.scale(DEPLOYMENTS, "web", 0, namespace="shop")

    assert api.seen[-1].path == "/apis/apps/v1/namespaces/shop/deployments/web/scale"
    assert json.loads(api.seen[-1].body) == {"spec": {"replicas": 0}}


async def test_delete_may_insist_on_one_very_object(api: ScriptedApi, client: KubeClient) -> None:
    deletion = Deletion(propagation="Foreground", uid="u-1", grace_s=0, is_dry_run=True)

    await client.delete(SERVICES, "web", namespace="shop", deletion=deletion)

    assert api.seen[-1].method == "DELETE"
    assert json.loads(api.seen[-1].body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u-1"},
        "gracePeriodSeconds": 0,
        "dryRun": ["All"],
    }


async def test_a_plain_delete_asks_for_nothing_special(
    api: ScriptedApi, client: KubeClient
) -> None:
    await client.delete(SERVICES, "web", namespace="shop")

    assert json.loads(api.seen[-1].body)["propagationPolicy"] == "Background"


async def test_the_version_is_read(api: ScriptedApi, client: KubeClient) -> None:
    api.script(send(b'{"major":"1","minor":"33","gitVersion":"v1.33.2","platform":"x"}'))

    assert await client.version() == ServerVersion(major="1", minor="33", git_version="v1.33.2")


async def test_a_selection_is_asked_of_the_server(api: ScriptedApi, client: KubeClient) -> None:
    path = "/api/v1/namespaces/shop/secrets"
    await api.put(path, raw_service("x"))
    selection = Selection(
        namespace="shop", label_selector="a=b", field_selector="type=kubernetes.io/tls"
    )

    listing = await client.list_all(SECRETS, selection=selection, keep=as_is)

    assert len(listing.items) == 1
    assert listing.resource_version == "101"
    assert api.seen[-1].query == {
        "labelSelector": "a=b",
        "fieldSelector": "type=kubernetes.io/tls",
        "limit": "500",
    }


async def test_token_and_impersonation_go_with_each_request(
    api: ScriptedApi, client: KubeClient
) -> None:
    await client.create(SERVICES, raw_service())

    headers = api.seen[-1].headers
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Impersonate-User"] == "ann"
    assert headers["Impersonate-Uid"] == "7"


async def test_warnings_reach_the_caller_with_their_request(
    api: ScriptedApi, client: KubeClient, warnings: list[ApiWarning]
) -> None:
    header = {"Warning": '299 - "v1 Endpoints is deprecated in v1.33+"'}
    api.script(refuse(404, "NotFound", headers=header))

    with pytest.raises(NotFoundError):
        await client.get(SERVICES, "web", namespace="shop")

    assert warnings == [
        ApiWarning(
            request="GET /api/v1/namespaces/shop/services/web",
            text="v1 Endpoints is deprecated in v1.33+",
        )
    ]


@pytest.mark.parametrize(
    ("code", "branch"), [(404, NotFoundError), (409, ConflictError), (422, InvalidError)]
)
async def test_a_refusal_raises_its_branch(
    api: ScriptedApi, client: KubeClient, code: int, branch: type[ApiError]
) -> None:
    api.script(refuse(code, "R", message="because"))

    with pytest.raises(branch, match="because"):
        await client.get(SERVICES, "web", namespace="shop")


async def test_throttling_is_waited_out(api: ScriptedApi, client: KubeClient) -> None:
    api.script(*[refuse(429, "TooManyRequests", headers={"Retry-After": "1"})] * 2)

    await client.create(SERVICES, raw_service())

    assert len(api.seen) == 3


async def test_throttling_without_an_end_is_an_error(api: ScriptedApi, client: KubeClient) -> None:
    api.script(*[refuse(429, "TooManyRequests", headers={"Retry-After": "1"})] * 9)

    with pytest.raises(ThrottledError) as caught:
        await client.create(SERVICES, raw_service())

    assert caught.value.retry_after_s == 1
    assert len(api.seen) == 3


async def test_a_redirect_is_not_followed_with_our_credentials(
    api: ScriptedApi, client: KubeClient
) -> None:
    async with ScriptedApi() as elsewhere:
        api.script(redirect(f"{elsewhere.url}/steal"))

        with pytest.raises(ApiError, match="302") as caught:
            await client.get(SERVICES, "web", namespace="shop")

        assert elsewhere.seen == []
        assert caught.value.remedy


async def test_no_answer_is_a_transport_error(api: ScriptedApi, client: KubeClient) -> None:
    api.script(tear())

    with pytest.raises(TransportError):
        await client.create(SERVICES, raw_service())


async def test_a_cluster_that_is_not_there_yet_is_reached_once_it_is(
    api: ScriptedApi, tmp_path: Path
) -> None:
    file = tmp_path / "new.yaml"
    connection = await_kubeconfig(file)
    assert (connection.name, connection.server) == ("new", "")

    async with KubeClient(connection, clock=SystemClock()) as client:
        with pytest.raises(TransportError, match="new is not there yet"):
            await client.version()
        file.write_text(
            f"""
current-context: new
contexts: [{{name: new, context: {{cluster: c}}}}]
clusters: [{{name: c, cluster: {{server: "{api.url}"}}}}]
"""
        )
        api.script(send(b'{"major":"1","minor":"33","gitVersion":"v1.33.2"}'))

        assert (await client.version()).git_version == "v1.33.2"
    assert await_kubeconfig(file) == load_kubeconfig(file)


async def test_what_may_have_been_done_is_not_asked_for_again_on_a_line_that_breaks(
    api: ScriptedApi, client: KubeClient
) -> None:
    api.script(send(b"{}"), tear())
    await client.get(SERVICES, "web", namespace="shop")

    with pytest.raises(TransportError, match="DELETE"):
        await client.delete(SERVICES, "web", namespace="shop")

    assert [each.method for each in api.seen] == ["GET", "DELETE"]


async def test_an_answer_cut_in_the_middle_is_a_transport_error(
    api: ScriptedApi, client: KubeClient
) -> None:
    api.script(send(b'{"kind":', is_torn=True))

    with pytest.raises(TransportError):
        await client.get(SERVICES, "web", namespace="shop")


async def test_a_list_without_an_end_is_given_up(api: ScriptedApi) -> None:
    page = b'{"metadata":{"resourceVersion":"9","continue":"more"},"items":[]}'
    api.script(*[send(page)] * 5)
    connection = Connection(name="test", server=api.url)
    limits = ClientLimits(pages_max=3)

    async with KubeClient(connection, clock=SystemClock(), limits=limits) as client:
        with pytest.raises(ApiError, match="more than 3 pages"):
            await client.list_all(SERVICES, keep=as_is)

    assert len(api.seen) == 3


async def test_requests_go_through_the_proxy_that_is_named(api: ScriptedApi) -> None:
    connection = Connection(name="test", server="http://api.invalid:6443", proxy_url=api.url)

    async with KubeClient(connection, clock=SystemClock()) as client:
        await client.create(SERVICES, raw_service())

    assert api.seen[-1].headers["Host"] == "api.invalid:6443"


def test_a_peer_that_vanishes_is_noticed_by_probes() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 1))

    with open_socket(info) as opened:
        idle_s = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        silence_ms = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        is_kept_alive = opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert (is_kept_alive, idle_s, silence_ms) == (1, 10, 20_000)


async def test_clients_of_several_clusters_do_not_mix(api: ScriptedApi) -> None:
    clock = SystemClock()
    async with ScriptedApi() as other:
        one = Connection(name="a", server=api.url, credentials=StaticToken("aaaaaa"))
        two = Connection(name="b", server=other.url, credentials=StaticToken("bbbbbb"))
        async with KubeClient(one, clock=clock) as blue, KubeClient(two, clock=clock) as green:
            await blue.create(SERVICES, raw_service())
            await green.create(SERVICES, raw_service())

        assert [seen.headers["Authorization"] for seen in api.seen] == ["Bearer aaaaaa"]
        assert [seen.headers["Authorization"] for seen in other.seen] == ["Bearer bbbbbb"]
