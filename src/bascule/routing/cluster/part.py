"""One cluster's part of the table, kept up to date: a change rebuilds only the hosts it touches."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from functools import partial

from bascule.ids import Cluster
from bascule.manifest.objects import (
    EndpointSlice,
    Fault,
    Ingress,
    IngressBackend,
    Kind,
    ObjectRef,
    ServiceBackend,
)
from bascule.manifest.snapshot import EMPTY_SNAPSHOT, ClusterSnapshot, diff_snapshots
from bascule.routing.certificates import Certificate
from bascule.routing.cluster.backends import BackendKey, ResolvedBackend, resolve_backend
from bascule.routing.cluster.claims import IngressClaims, read_claims
from bascule.routing.cluster.classes import OwnClasses, read_classes
from bascule.routing.cluster.hosts import (
    Certified,
    ClusterHost,
    GatewayDefault,
    Lookups,
    assemble_host,
    ingress_problem,
)
from bascule.routing.cluster.rewrites import add_rewrite, asked_rewrite
from bascule.routing.model import CertificateRef, Problem, Severity
from bascule.routing.naming import name_backend
from bascule.routing.options import BuildOptions

Key = tuple[str, str]
"""Namespace and name."""


class ClusterPart:
    """What the last snapshot of one cluster asks for, host by host."""

    def __init__(self, cluster: Cluster, options: BuildOptions) -> None:
        self.hosts: dict[str, ClusterHost] = {}
        self.default: GatewayDefault | None = None
        self._cluster = cluster
        self._options = options
        self._tag = options.naming.tags[cluster]
        self._snapshot = EMPTY_SNAPSHOT
        self._classes: OwnClasses | None = None
        self._claims: dict[Key, IngressClaims] = {}
        self._problems: dict[Key, tuple[Problem, ...]] = {}
        self._claims_by_host: dict[str, dict[Key, IngressClaims]] = defaultdict(dict)
        self._claims_by_service: dict[Key, set[Key]] = defaultdict(set)
        self._claims_by_secret: dict[Key, set[Key]] = defaultdict(set)
        self._claims_by_rewrite: dict[Key, set[Key]] = defaultdict(set)
        self._defaults: dict[Key, IngressClaims] = {}
        self._slices: dict[Key, dict[str, EndpointSlice]] = defaultdict(dict)
        self._slice_owner: dict[Key, Key] = {}
        self._slices_by_pod: dict[Key, set[Key]] = defaultdict(set)
        self._backends: dict[BackendKey, ResolvedBackend] = {}
        self._backend_keys: dict[Key, set[BackendKey]] = defaultdict(set)
        self._certificates: dict[Key, Certified] = {}
        self._lookups = Lookups(backend=self._backend, certificate=self._certificate)

    @property
    def is_empty(self) -> bool:
        """Whether the cluster has no Ingress of ours."""
        return not self._claims

    def problems(self) -> Iterable[Problem]:
        """Yield what is wrong with whole Ingresses and classes; hosts carry their own problems."""
        for found in self._problems.values():
            yield from found
        for item in self._snapshot.ingress_classes():
            for fault in item.faults:
                yield _problem(self._cluster, item.ref, fault)
        for key in self._claims_by_rewrite:
            rules = self._snapshot.rewrite(*key)
            for fault in rules.faults if rules else ():
                yield _problem(self._cluster, ObjectRef(Kind.REWRITE, *key), fault)

    def update(self, snapshot: ClusterSnapshot) -> set[str]:
        """Take `snapshot` in and return the names of the hosts that it may have changed."""
        diff = diff_snapshots(self._snapshot, snapshot)
        self._snapshot = snapshot
        touched: set[str] = set()
        refs = (*diff.changed, *diff.removed)
        if self._classes is None or any(ref.kind is Kind.INGRESS_CLASS for ref in refs):
            self._classes = read_classes(
                snapshot.ingress_classes(),
                names=self._options.ingress_classes,
                controller=self._options.controller,
            )
            refs = (*refs, *(item.ref for item in snapshot.ingresses()))
        for ref in dict.fromkeys(refs):
            touched |= self._take(ref)
        for name in touched:
            self._assemble(name)
        self.default = self._choose_default()
        return touched

    def _take(self, ref: ObjectRef) -> set[str]:
        key = (ref.namespace, ref.name)
        match ref.kind:
            case Kind.INGRESS:
                return self._take_ingress(key)
            case Kind.SERVICE:
                return self._forget_backends(key)
            case Kind.ENDPOINT_SLICE:
                return self._take_slice(key)
            case Kind.SECRET:
                self._certificates.pop(key, None)
                return self._hosts_of(self._claims_by_secret.get(key, ()))
            case Kind.INGRESS_CLASS:
                return set()
            case Kind.POD:
                owners = {self._slice_owner[item] for item in self._slices_by_pod.get(key, ())}
                return {host for owner in owners for host in self._forget_backends(owner)}
            case Kind.REWRITE:
                asking = tuple(self._claims_by_rewrite.get(key, ()))
                return {host for item in asking for host in self._take_ingress(item)}

    def _take_ingress(self, key: Key) -> set[str]:
        touched = self._drop_claims(key)
        ingress = self._snapshot.get(ObjectRef(Kind.INGRESS, *key))
        if not isinstance(ingress, Ingress) or not self._classes or not self._classes.owns(ingress):
            return touched
        extensions = add_rewrite(ingress.meta.annotations, key[0], self._snapshot.rewrite)
        claims = read_claims(
            ingress, self._cluster, extensions, told_elsewhere=self._options.told_elsewhere
        )
        self._claims[key] = claims
        faults = [(fault, Severity.ERROR) for fault in claims.faults]
        faults += [(fault, Severity.WARNING) for fault in claims.warnings]
        faults += [(fault, Severity.WARNING) for fault in self._classes.check(ingress)]
        if faults:
            self._problems[key] = tuple(
                ingress_problem(claims.ref, fault, severity) for fault, severity in faults
            )
        if claims.gateway_default is not None:
            self._defaults[key] = claims
        for host in claims.hosts:
            self._claims_by_host[host][key] = claims
        for service in _services(claims):
            self._claims_by_service[service].add(key)
        for secret in _secrets(claims):
            self._claims_by_secret[secret].add(key)
        rewrite = asked_rewrite(claims.extensions)
        if rewrite is not None:
            self._claims_by_rewrite[(key[0], rewrite)].add(key)
        return touched | claims.hosts.keys()

    def _drop_claims(self, key: Key) -> set[str]:
        claims = self._claims.pop(key, None)
        if claims is None:
            return set()
        self._problems.pop(key, None)
        self._defaults.pop(key, None)
        for host in claims.hosts:
            self._claims_by_host[host].pop(key)
        for service in _services(claims):
            _discard(self._claims_by_service, service, key)
        for secret in _secrets(claims):
            _discard(self._claims_by_secret, secret, key)
        rewrite = asked_rewrite(claims.extensions)
        if rewrite is not None:
            _discard(self._claims_by_rewrite, (key[0], rewrite), key)
        return set(claims.hosts)

    def _take_slice(self, key: Key) -> set[str]:
        namespace, name = key
        touched: set[str] = set()
        owner = self._slice_owner.pop(key, None)
        if owner is not None:
            former = self._slices[owner].pop(name)
            for pod in self._pods_of(former):
                _discard(self._slices_by_pod, pod, key)
            if not self._slices[owner]:
                del self._slices[owner]
            touched |= self._forget_backends(owner)
        item = self._snapshot.get(ObjectRef(Kind.ENDPOINT_SLICE, namespace, name))
        if isinstance(item, EndpointSlice):
            owner = (namespace, item.service)
            self._slice_owner[key] = owner
            self._slices[owner][name] = item
            for pod in self._pods_of(item):
                self._slices_by_pod[pod].add(key)
            touched |= self._forget_backends(owner)
        return touched

    def _pods_of(self, item: EndpointSlice) -> set[Key]:
        if not self._options.reads_probes:
            return set()
        return {(item.meta.namespace, found.pod) for found in item.endpoints if found.pod}

    def _forget_backends(self, service: Key) -> set[str]:
        for key in self._backend_keys.pop(service, ()):
            self._backends.pop(key, None)
        return self._hosts_of(self._claims_by_service.get(service, ()))

    def _hosts_of(self, keys: Iterable[Key]) -> set[str]:
        return {host for key in keys for host in self._claims[key].hosts}

    def _assemble(self, name: str) -> None:
        claims = self._claims_by_host.get(name)
        if claims:
            self.hosts[name] = assemble_host(name, claims.values(), self._lookups)
        else:
            self._claims_by_host.pop(name, None)
            self.hosts.pop(name, None)

    def _choose_default(self) -> GatewayDefault | None:
        oldest = min(self._defaults.values(), key=lambda item: item.age, default=None)
        if oldest is None or oldest.gateway_default is None:
            return None
        key = BackendKey(oldest.ref.namespace, oldest.gateway_default)
        return GatewayDefault(item=oldest, backend=self._backend(key).backend)

    def _backend(self, key: BackendKey) -> ResolvedBackend:
        found = self._backends.get(key)
        if found is None:
            service = _service_of(key.namespace, key.wanted)
            slices = self._slices.get(service, {})
            find_pod = partial(self._snapshot.pod, key.namespace)
            found = resolve_backend(
                self._cluster,
                key,
                self._snapshot.service(*service),
                [slices[name] for name in sorted(slices)],
                find_pod=find_pod if self._options.reads_probes else None,
            )
            if self._tag != self._cluster:
                name = name_backend(found.backend.name, self._tag)
                found = replace(found, backend=replace(found.backend, name=name))
            self._backends[key] = found
            self._backend_keys[service].add(key)
        return found

    def _certificate(self, namespace: str, name: str) -> Certified:
        key = (namespace, name)
        found = self._certificates.get(key)
        if found is None:
            found = self._certificates[key] = self._read_certificate(namespace, name)
        return found

    def _read_certificate(self, namespace: str, name: str) -> Certified:
        secret = self._snapshot.secret(namespace, name)
        if secret is None:
            return Certified()
        if secret.pair is None:
            problems = (_problem(self._cluster, secret.ref, fault) for fault in secret.faults)
            return Certified(problems=tuple(problems))
        pair = secret.pair
        return Certified(
            certificate=CertificateRef(
                namespace=namespace,
                secret=name,
                digest=Certificate(pair.chain_pem, pair.key_pem).digest,
                not_after=pair.not_after.astimezone(UTC),
                cluster=self._cluster,
                names=pair.names,
            )
        )


def _problem(cluster: Cluster, ref: ObjectRef, fault: Fault) -> Problem:
    return Problem(
        cluster=cluster,
        kind=ref.kind.value,
        namespace=ref.namespace,
        name=ref.name,
        code=fault.code,
        message=fault.message,
    )


def _discard(index: dict[Key, set[Key]], name: Key, key: Key) -> None:
    """Take `key` out, and its set with it when nothing is left: names come and go for ever."""
    index[name].discard(key)
    if not index[name]:
        del index[name]


def _service_of(namespace: str, wanted: IngressBackend) -> Key:
    return (namespace, wanted.service if isinstance(wanted, ServiceBackend) else "")


def _services(claims: IngressClaims) -> set[Key]:
    namespace = claims.ref.namespace
    found = set()
    for host in claims.hosts.values():
        found.update([_service_of(namespace, backend) for _, backend in host.routes])
        if host.default is not None:
            found.add(_service_of(namespace, host.default))
    return found


def _secrets(claims: IngressClaims) -> set[Key]:
    namespace = claims.ref.namespace
    return {(namespace, name) for host in claims.hosts.values() for name in host.secrets}
