"""The lab's API server over HTTPS: what the clients of a real one rely on."""

import base64
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bascule.lab.kubeapi.faults import Faults
from tests.support.lab_api import MERGE, LabApi
from tests.support.waiting import eventually

CONFIGS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[LabApi]:
    async with LabApi(tmp_path) as running:
        yield running


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer.json["items"]]


async def test_a_list_is_paged_through_as_it_was_at_its_start(api: LabApi) -> None:
    for name in ("a", "b", "c"):
        await api.create_config(name)

    first = await api.ask("GET", f"{CONFIGS}?limit=2")
    await api.create_config("aa")
    token = first.json["metadata"]["continue"]
    second = await api.ask("GET", f"{CONFIGS}?limit=2&continue={token}")

    assert names(first) == ["a", "b"]
    assert first.json["metadata"]["remainingItemCount"] == 1
    assert names(second) == ["c"]
    assert "continue" not in second.json["metadata"]
    versions = {answer.json["metadata"]["resourceVersion"] for answer in (first, second)}
    assert len(versions) == 1


async def test_a_continue_token_is_gone_once_history_is_forgotten(api: LabApi) -> None:
    for name in ("a", "b"):
        await api.create_config(name)
    first = await api.ask("GET", f"{CONFIGS}?limit=1")

    await api.ask("PUT", "/lab/faults", {"now": [{"action": "forgetHistory"}]})
    token = first.json["metadata"]["continue"]
    second = await api.ask("GET", f"{CONFIGS}?limit=1&continue={token}")

    assert second.code == 410
    assert second.json["reason"] == "Expired"


async def test_a_list_at_an_exact_version_is_the_list_of_that_time(api: LabApi) -> None:
    created = await api.create_config("a")
    version = created["metadata"]["resourceVersion"]
    await api.create_config("b")
    await api.ask("PATCH", f"{CONFIGS}/a", {"data": {"a": "new"}}, Content_Type=MERGE)

    query = f"resourceVersion={version}&resourceVersionMatch=Exact"
    past = await api.ask("GET", f"{CONFIGS}?{query}")

    assert names(past) == ["a"]
    assert past.json["items"][0]["data"] == {"a": "b"}
    assert past.json["metadata"]["resourceVersion"] == version


async def test_a_version_of_the_future_is_a_timeout(api: LabApi) -> None:
    answer = await api.ask("GET", f"{CONFIGS}?resourceVersion=999999")

    assert (answer.code, answer.json["reason"]) == (504, "Timeout")
    assert answer.headers["Retry-After"] == "1"


async def test_a_watch_goes_on_from_its_version(api: LabApi) -> None:
    before = await api.create_config("a")
    await api.create_config("b")
    version = before["metadata"]["resourceVersion"]

    async with api.watching(f"{CONFIGS}?watch=1&resourceVersion={version}") as watch:
        seen = await watch.next()
        await api.ask("DELETE", f"{CONFIGS}/a")
        gone = await watch.next()

    assert (seen["type"], seen["object"]["metadata"]["name"]) == ("ADDED", "b")
    assert (gone["type"], gone["object"]["metadata"]["name"]) == ("DELETED", "a")
    assert int(gone["object"]["metadata"]["resourceVersion"]) > int(version)


async def test_a_watch_ends_at_its_timeout_with_a_bookmark_before(api: LabApi) -> None:
    listed = await api.ask("GET", CONFIGS)
    version = listed.json["metadata"]["resourceVersion"]

    query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds=2&resourceVersion={version}"
    async with api.watching(f"{CONFIGS}?{query}") as watch:
        events = await watch.rest()

    assert [event["type"] for event in events] == ["BOOKMARK"]
    assert events[0]["object"]["kind"] == "ConfigMap"
    assert events[0]["object"]["metadata"]["resourceVersion"] == version


async def test_a_watch_list_ends_its_first_part_with_a_marked_bookmark(api: LabApi) -> None:
    await api.create_config("a")

    query = (
        "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    )
    async with api.watching(f"{CONFIGS}?{query}") as watch:
        first, mark = await watch.next(), await watch.next()

    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "a")
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_from_a_forgotten_version_gets_an_error_event_of_410(api: LabApi) -> None:
    await api.create_config("a")
    await api.ask("PUT", "/lab/faults", {"now": [{"action": "forgetHistory"}]})

    async with api.watching(f"{CONFIGS}?watch=1&resourceVersion=1") as watch:
        events = await watch.rest()

    assert watch.response.status == 200
    assert [event["type"] for event in events] == ["ERROR"]
    assert (events[0]["object"]["code"], events[0]["object"]["reason"]) == (410, "Expired")


async def test_a_selector_watch_sees_objects_enter_and_leave(api: LabApi) -> None:
    created = await api.create_config("a", app="no")
    version = created["metadata"]["resourceVersion"]

    query = f"watch=1&labelSelector=app%3Dyes&resourceVersion={version}"
    async with api.watching(f"{CONFIGS}?{query}") as watch:
        for value in ("yes", "no"):
            change = {"metadata": {"labels": {"app": value}}}
            await api.ask("PATCH", f"{CONFIGS}/a", change, Content_Type=MERGE)
        entered, left = await watch.next(), await watch.next()

    assert entered["type"] == "ADDED"
    assert left["type"] == "DELETED"
    assert left["object"]["metadata"]["labels"] == {"app": "yes"}


@pytest.mark.parametrize(
    ("action", "last"), [("endWatches", []), ("expireWatches", ["ERROR"])], ids=["end", "expire"]
)
async def test_open_watches_can_be_cut(api: LabApi, action: str, last: list[str]) -> None:
    async with api.watching(f"{CONFIGS}?watch=1") as watch:
        match = {"resource": "configmaps"}
        await api.ask("PUT", "/lab/faults", {"now": [{"action": action, "match": match}]})
        events = await watch.rest()

    assert [event["type"] for event in events] == last


async def test_open_watches_can_be_torn(api: LabApi) -> None:
    async with api.watching(f"{CONFIGS}?watch=1") as watch:
        await api.ask("PUT", "/lab/faults", {"now": [{"action": "tearWatches"}]})

        with pytest.raises(aiohttp.ClientError):
            await watch.rest()


async def test_a_rule_throttles_as_often_as_it_says(api: LabApi) -> None:
    rule = {"match": {"verb": "list"}, "times": 1, "status": 429, "retryAfterSeconds": 3}
    await api.ask("PUT", "/lab/faults", {"rules": [rule]})

    throttled = await api.ask("GET", CONFIGS)
    afterwards = await api.ask("GET", CONFIGS)

    assert (throttled.code, throttled.json["reason"]) == (429, "TooManyRequests")
    assert throttled.headers["Retry-After"] == "3"
    assert afterwards.code == 200


async def test_a_rule_tears_an_answer(api: LabApi) -> None:
    rule = {"match": {"name": "a"}, "tearAfterBytes": 10}
    await api.ask("PUT", "/lab/faults", {"rules": [rule]})

    with pytest.raises(aiohttp.ClientError):
        await api.ask("GET", f"{CONFIGS}/a")


async def test_faults_that_make_no_sense_are_refused(api: LabApi) -> None:
    answer = await api.ask("PUT", "/lab/faults", {"rules": [{"staus": 500}]})

    assert answer.code == 400
    assert "staus" in answer.json["message"]


async def is_ready(api: LabApi) -> bool:
    try:
        return (await api.ask("GET", "/readyz")).text == "ok"
    except aiohttp.ClientError:
        return False


async def is_away(api: LabApi) -> bool:
    return not await is_ready(api)


@pytest.mark.parametrize("mode", ["refuse", "reset"])
async def test_an_outage_ends_by_itself(api: LabApi, mode: str) -> None:
    ordered = await api.ask("PUT", "/lab/faults", {"outage": {"mode": mode, "durationS": 0.5}})

    assert ordered.code == 200
    await eventually(lambda: is_away(api))
    await eventually(lambda: is_ready(api))


@pytest.mark.parametrize("mode", ["refuse", "reset"])
async def test_an_outage_ends_when_the_lab_itself_ends_all_faults(api: LabApi, mode: str) -> None:
    await api.ask("PUT", "/lab/faults", {"outage": {"mode": mode, "durationS": 500}})
    await eventually(lambda: is_away(api))

    api.server.order(Faults())

    await eventually(lambda: is_ready(api))


async def test_who_brings_nothing_is_anonymous_and_may_read_the_version_only(api: LabApi) -> None:
    context = ssl.create_default_context(cafile=None, cadata=_authority(api))
    async with aiohttp.ClientSession(base_url=api.server.url) as session:
        async with session.get("/version", ssl=context) as version:
            assert version.status == 200
        async with session.get(CONFIGS, ssl=context) as configs:
            refusal = await configs.json()
        bad = {"Authorization": "Bearer nonsense"}
        async with session.get(CONFIGS, ssl=context, headers=bad) as unknown:
            assert unknown.status == 401

    assert refusal["code"] == 403
    assert 'User "system:anonymous" cannot list resource "configmaps"' in refusal["message"]


async def test_a_service_account_token_carries_the_rights_of_its_roles(api: LabApi) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    await api.ask("POST", accounts, {"metadata": {"name": "robot"}})
    issued = await api.ask("POST", f"{accounts}/robot/token", {"spec": {}})
    token = issued.json["status"]["token"]
    context = ssl.create_default_context(cadata=_authority(api))
    headers = {"Authorization": f"Bearer {token}"}

    async with aiohttp.ClientSession(base_url=api.server.url, headers=headers) as session:
        async with session.get(CONFIGS, ssl=context) as before:
            assert before.status == 403
        binding = {
            "metadata": {"name": "robot"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "view",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}],
        }
        path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
        assert (await api.ask("POST", path, binding)).code == 201
        async with session.get(CONFIGS, ssl=context) as after:
            assert after.status == 200
        await api.ask("DELETE", f"{accounts}/robot")
        async with session.get(CONFIGS, ssl=context) as gone:
            assert gone.status == 401


async def test_metadata_only_answers_leave_the_rest_out(api: LabApi) -> None:
    await api.create_config("a")

    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
    answer = await api.ask("GET", CONFIGS, Accept=accept)

    assert answer.json["kind"] == "PartialObjectMetadataList"
    assert "data" not in answer.json["items"][0]


async def test_protobuf_is_never_answered(api: LabApi) -> None:
    answer = await api.ask("GET", CONFIGS, Accept="application/vnd.kubernetes.protobuf")

    assert (answer.code, answer.json["reason"]) == (406, "NotAcceptable")


async def test_a_collection_is_deleted_by_selector(api: LabApi) -> None:
    await api.create_config("a", app="x")
    await api.create_config("b", app="y")

    answer = await api.ask("DELETE", f"{CONFIGS}?labelSelector=app%3Dx")

    assert names(answer) == ["a"]
    assert names(await api.ask("GET", CONFIGS)) == ["b"]


async def test_a_deletion_with_the_wrong_uid_is_a_conflict(api: LabApi) -> None:
    await api.create_config("a")

    options = {"preconditions": {"uid": "another"}}
    answer = await api.ask("DELETE", f"{CONFIGS}/a", options)

    assert (answer.code, answer.json["reason"]) == (409, "Conflict")


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_the_namespaces_of_the_system_stay(api: LabApi, name: str) -> None:
    answer = await api.ask("DELETE", f"/api/v1/namespaces/{name}")

    assert answer.code == 403
    assert answer.json["message"].endswith("this namespace may not be deleted")


async def test_a_certificate_request_is_signed_when_it_is_approved(api: LabApi) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    pem = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    spec = {
        "request": base64.b64encode(pem).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    created = await api.ask("POST", path, {"metadata": {"name": "jane"}, "spec": spec})

    condition = {"type": "Approved", "status": "True", "reason": "Test"}
    approved = {**created.json, "status": {"conditions": [condition]}}
    answer = await api.ask("PUT", f"{path}/jane/approval", approved)

    assert created.json["spec"]["username"] == "kubernetes-admin"
    signed = base64.b64decode(answer.json["status"]["certificate"])
    assert x509.load_pem_x509_certificate(signed).subject == subject


async def test_an_autoscaler_is_seen_in_both_versions(api: LabApi) -> None:
    path = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
    spec = {
        "maxReplicas": 5,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "targetCPUUtilizationPercentage": 70,
    }
    created = await api.ask("POST", path.format("v1"), {"metadata": {"name": "web"}, "spec": spec})

    newer = await api.ask("GET", f"{path.format('v2')}/web")

    assert created.code == 201
    assert newer.json["apiVersion"] == "autoscaling/v2"
    assert newer.json["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


@pytest.mark.parametrize(
    ("version", "path", "code"),
    [
        ("1.25", "/apis/autoscaling/v2beta2/horizontalpodautoscalers", 200),
        ("1.26", "/apis/autoscaling/v2beta2/horizontalpodautoscalers", 404),
        ("1.31", "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas", 200),
        ("1.32", "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas", 404),
        ("1.37", "/apis/apps/v1/deployments", 200),
    ],
)
async def test_a_release_serves_its_own_apis(
    tmp_path: Path, version: str, path: str, code: int
) -> None:
    async with LabApi(tmp_path, version=version) as api:
        answer = await api.ask("GET", path)

    assert answer.code == code
    assert ("Warning" in answer.headers) == (code == 200 and "beta" in path)


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with LabApi(tmp_path) as api:
        created = await api.create_config("a")
        await api.create_config("b")
        await api.ask("DELETE", f"{CONFIGS}/b")
        listed = await api.ask("GET", CONFIGS)
        authority = api.server.certificates.authority_pem

    async with LabApi(tmp_path) as api:
        again = await api.ask("GET", CONFIGS)

        assert again.json["items"] == listed.json["items"]
        assert again.json["items"][0]["metadata"]["uid"] == created["metadata"]["uid"]
        assert api.server.certificates.authority_pem == authority
        version = created["metadata"]["resourceVersion"]
        async with api.watching(f"{CONFIGS}?watch=1&resourceVersion={version}") as watch:
            assert (await watch.next())["object"]["code"] == 410


async def test_certificates_and_data_are_for_their_owner_only(api: LabApi, tmp_path: Path) -> None:
    await api.create_config("a")

    secret = [*(tmp_path / "pki").iterdir(), *(tmp_path / "store").iterdir()]

    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}
    assert (tmp_path / "pki").stat().st_mode & 0o777 == 0o700


def _authority(api: LabApi) -> str:
    return api.server.certificates.authority_pem.decode()
