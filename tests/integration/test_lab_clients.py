"""Python clients of Kubernetes that others wrote find a real cluster in the lab."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import lightkube
import pytest
from lightkube.core.exceptions import ApiError
from lightkube.models.core_v1 import ServicePort, ServiceSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Service

from tests.support.lab_api import LabApi


@pytest.fixture
async def kubeconfig(tmp_path: Path) -> AsyncIterator[Path]:
    async with LabApi(tmp_path) as api:
        path = tmp_path / "kubeconfig"
        api.server.write_kubeconfig(path, context="lab")
        yield path


async def test_the_official_client_creates_watches_and_applies(kubeconfig: Path) -> None:
    def use() -> tuple[list[str], dict[str, str] | None, int]:
        import kubernetes

        client = kubernetes.config.new_client_from_config(str(kubeconfig))
        core = kubernetes.client.CoreV1Api(client)
        metadata = kubernetes.client.V1ObjectMeta(name="a")
        core.create_namespaced_config_map(
            "default", kubernetes.client.V1ConfigMap(metadata=metadata, data={"k": "v"})
        )
        watch = kubernetes.watch.Watch()
        stream = watch.stream(core.list_namespaced_config_map, "default", timeout_seconds=1)
        seen = [f"{event['type']} {event['object'].metadata.name}" for event in stream]
        applied = core.patch_namespaced_config_map(
            "a",
            "default",
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "w"}},
            field_manager="test",
            force=True,
            _content_type="application/apply-patch+yaml",
        )
        code = 0
        try:
            core.read_namespaced_config_map("nobody", "default")
        except kubernetes.client.ApiException as error:
            code = error.status
        client.close()
        return seen, applied.data, code

    seen, data, code = await asyncio.to_thread(use)

    assert seen == ["ADDED a"]
    assert data == {"k": "w"}
    assert code == 404


async def test_lightkube_creates_lists_and_applies(kubeconfig: Path) -> None:
    config = lightkube.KubeConfig.from_file(str(kubeconfig))
    client = lightkube.AsyncClient(config=config, field_manager="test")
    spec = ServiceSpec(ports=[ServicePort(port=80)], selector={"app": "web"})

    created = await client.create(ConfigMap(metadata=ObjectMeta(name="a"), data={"k": "v"}))
    metadata = ObjectMeta(name="web", namespace="default")
    await client.apply(Service(metadata=metadata, spec=spec))
    found = [item.metadata async for item in client.list(Service, namespace="default")]
    services = [metadata.name for metadata in found if metadata is not None]
    with pytest.raises(ApiError) as caught:
        await client.create(ConfigMap(metadata=ObjectMeta(name="a")))
    await client.delete(ConfigMap, "a")
    await client.close()

    assert created.metadata is not None
    assert created.metadata.resourceVersion
    assert services == ["web"]
    assert caught.value.status.reason == "AlreadyExists"
