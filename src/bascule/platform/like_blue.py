"""Green when nobody has written what it is to be: blue's document with another name and version."""

from bascule.azure.document import Document, with_value
from bascule.azure.resource_id import ResourceId
from bascule.platform.green.copying import copy_cluster

GREEN_NAME = "green"


def build_like_blue(blue: Document, cluster_id: ResourceId, *, version: str = "") -> Document:
    """Return the document of a cluster like blue; its version is blue's if none is named."""
    properties = blue.get("properties")
    known = properties if isinstance(properties, dict) else {}
    document = {**copy_cluster(blue), "id": cluster_id.text, "name": cluster_id.name}
    wanted = version or str(known.get("currentKubernetesVersion") or "")
    return with_value(document, ("properties", "kubernetesVersion"), wanted)
