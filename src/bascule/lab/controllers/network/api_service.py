"""The Service `kubernetes`: where pods and people find the API server itself."""

from typing import Any

from bascule.lab.controllers.network.endpoint_slices import SLICES
from bascule.lab.controllers.network.service_addresses import SERVICE_NETWORK, first_address
from bascule.lab.controllers.network.slices import SERVICE_NAME
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

NAME = "kubernetes"
NAMESPACE = "default"
_LABELS = {"component": "apiserver", "provider": "kubernetes"}


def publish_api_server(
    store: Store, address: str, port: int, services: str = SERVICE_NETWORK
) -> None:
    """Write the Service, its EndpointSlice and its Endpoints, as an API server does at start."""
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}]
    if store.find("services", NAME, NAMESPACE) is None:
        spec = {
            "clusterIP": first_address(services),
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster",
            "ports": ports,
        }
        store.create("services", {"metadata": _metadata(_LABELS), "spec": spec})
    real = [{"name": "https", "port": port, "protocol": "TCP"}]
    _put(
        store,
        SLICES,
        {
            "metadata": _metadata({SERVICE_NAME: NAME}),
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": real,
        },
    )
    skip = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    subsets = [{"addresses": [{"ip": address}], "ports": real}]
    _put(store, "endpoints", {"metadata": _metadata(skip), "subsets": subsets})


def _metadata(labels: dict[str, str]) -> Object:
    return {"name": NAME, "namespace": NAMESPACE, "labels": dict(labels)}


def _put(store: Store, resource: str, obj: Object) -> None:
    current = store.find(resource, NAME, NAMESPACE)
    if current is None:
        store.create(resource, obj)
    else:
        store.update(resource, {**obj, "metadata": {**current["metadata"], **obj["metadata"]}})
