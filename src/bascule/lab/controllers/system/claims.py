"""PersistentVolumeClaims: bound at once to a volume made for each, of a class that exists."""

from collections.abc import Iterable
from typing import Any

from bascule.lab.controllers.events import EventRecorder, Note
from bascule.lab.controllers.ownership import is_terminating, key_of
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"
DEFAULT_CLASS = "standard"
DEFAULT_ANNOTATION = "storageclass.kubernetes.io/is-default-class"
PROVISIONER = "lab.bascule.dev/volumes"


class ClaimController:
    """Provisions volumes that hold nothing: the lab has no disks, only their objects."""

    resources = (CLAIMS, VOLUMES, CLASSES)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events = EventRecorder(store, "persistentvolume-controller")

    def fill(self) -> None:
        """Give a new cluster its default StorageClass."""
        if self._store.list(CLASSES).items:
            return
        metadata = {"name": DEFAULT_CLASS, "annotations": {DEFAULT_ANNOTATION: "true"}}
        details = {"provisioner": PROVISIONER, "reclaimPolicy": "Delete"}
        binding = {"volumeBindingMode": "Immediate"}
        self._store.create(CLASSES, {"metadata": metadata, **details, **binding})

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the claim, the claim of a volume, or all that wait when a class appears."""
        if change.resource == CLAIMS:
            return (key_of(change),)
        if change.resource == VOLUMES:
            claim = change.object["spec"].get("claimRef") or {}
            return (Key(claim["namespace"], claim["name"]),) if claim else ()
        waiting = self._store.list(CLAIMS).items
        return [
            Key(item["metadata"]["namespace"], item["metadata"]["name"])
            for item in waiting
            if (item.get("status") or {}).get("phase") != "Bound"
        ]

    def reconcile(self, key: Key) -> float | None:
        """Bind one claim, or delete the volume of one that is gone."""
        claim = self._store.find(CLAIMS, key.name, key.namespace)
        if claim is None:
            self._release(key)
            return None
        if is_terminating(claim) or (claim.get("status") or {}).get("phase") == "Bound":
            return None
        class_name = claim["spec"].get("storageClassName", self._default_class())
        if not class_name or self._store.find(CLASSES, class_name) is None:
            message = "no persistent volumes available for this claim and no storage class is set"
            self._events.record(claim, Note("FailedBinding", message))
            return None
        self._bind(claim, class_name)
        return None

    def _default_class(self) -> str:
        for item in self._store.list(CLASSES).items:
            if (item["metadata"].get("annotations") or {}).get(DEFAULT_ANNOTATION) == "true":
                return str(item["metadata"]["name"])
        return ""

    def _bind(self, claim: Object, class_name: str) -> None:
        metadata = claim["metadata"]
        volume = f"pvc-{metadata['uid']}"
        capacity = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
        modes = claim["spec"].get("accessModes") or ["ReadWriteOnce"]
        reference = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        }
        if self._store.find(VOLUMES, volume) is None:
            spec = {
                "capacity": capacity,
                "accessModes": modes,
                "claimRef": reference,
                "csi": {"driver": PROVISIONER, "volumeHandle": volume},
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": class_name,
                "volumeMode": "Filesystem",
            }
            self._store.create(VOLUMES, {"metadata": {"name": volume}, "spec": spec})
        self._store.patch_status(VOLUMES, volume, "", {"phase": "Bound"})
        spec = {**claim["spec"], "storageClassName": class_name, "volumeName": volume}
        bound = self._store.update(CLAIMS, {**claim, "spec": spec})
        status = {"phase": "Bound", "accessModes": modes, "capacity": capacity}
        self._store.update_status(CLAIMS, {**bound, "status": status})
        title = f"Successfully provisioned volume {volume}"
        self._events.record(bound, Note("ProvisioningSucceeded", title))

    def _release(self, key: Key) -> None:
        for volume in self._store.list(VOLUMES).items:
            claim = volume["spec"].get("claimRef") or {}
            if (claim.get("namespace"), claim.get("name")) != key:
                continue
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                self._store.delete(VOLUMES, volume["metadata"]["name"])
            else:
                self._store.patch_status(
                    VOLUMES, volume["metadata"]["name"], "", {"phase": "Released"}
                )
