from bascule.ids import Cluster
from bascule.manifest.objects import Fault, Kind, Metadata, ObjectRef, TlsSecret
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.cluster.part import ClusterPart
from bascule.routing.cluster.rewrites import NAME, RULES
from bascule.routing.model import Endpoint
from bascule.routing.naming import Naming
from bascule.routing.options import BuildOptions
from tests.support.manifests import endpoints, ingress, pod, rewrite, service, snapshot, views
from tests.support.routing_worlds import certificate_pair

HOST = "shop.example.com"
TLS = "tls: [{hosts: [shop.example.com], secretName: cert}]"
CLASS = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: other}
spec: {controller: CONTROLLER}
"""
META = Metadata(namespace="shop", name="cert")


def _part(world: ClusterSnapshot) -> ClusterPart:
    part = ClusterPart(Cluster.BLUE, BuildOptions())
    part.update(world)
    return part


def _world() -> ClusterSnapshot:
    other = ingress("other", host="other.test", service="api")
    texts = (ingress(), other, service(), service("api"))
    return snapshot(*texts, endpoints("10.0.0.1"), endpoints("10.0.0.9", service="api"))


def _put(world: ClusterSnapshot, text: str) -> ClusterSnapshot:
    (item,) = views(text)
    return world.with_object(item)


def _addresses(part: ClusterPart, host: str = HOST) -> tuple[Endpoint, ...]:
    return part.hosts[host].routes[0].backend.endpoints


def test_the_first_snapshot_touches_every_host() -> None:
    part = ClusterPart(Cluster.BLUE, BuildOptions())

    assert part.update(_world()) == {HOST, "other.test"}
    assert not part.is_empty
    assert list(part.problems()) == []


def test_a_snapshot_that_brings_nothing_touches_nothing() -> None:
    world = _world()

    assert _part(world).update(world) == set()


def test_a_changed_slice_touches_the_hosts_of_its_service() -> None:
    world = _world()
    part = _part(world)

    touched = part.update(_put(world, endpoints("10.0.0.2")))

    assert touched == {HOST}
    assert _addresses(part) == (Endpoint("10.0.0.2", 8080),)


def test_a_slice_that_goes_takes_its_endpoints_along() -> None:
    world = _world()
    part = _part(world)

    part.update(world.without(ObjectRef(Kind.ENDPOINT_SLICE, "shop", "web")))

    assert _addresses(part) == ()


def test_one_slice_of_two_that_goes_leaves_the_other() -> None:
    world = _put(_world(), endpoints("10.0.0.2", name="second"))
    part = _part(world)

    part.update(world.without(ObjectRef(Kind.ENDPOINT_SLICE, "shop", "web")))

    assert _addresses(part) == (Endpoint("10.0.0.2", 8080),)


def test_a_service_that_two_ingresses_share_stays_when_one_goes() -> None:
    world = _put(_world(), ingress("second", host="second.test"))
    part = _part(world)

    part.update(world.without(ObjectRef(Kind.INGRESS, "shop", "web")))

    assert part.update(_put(world, endpoints("10.0.0.7"))) >= {"second.test"}


def test_a_slice_that_moves_to_another_service_touches_both() -> None:
    world = _world()
    part = _part(world)

    touched = part.update(_put(world, endpoints("10.0.0.1", service="api", name="web")))

    assert touched == {HOST, "other.test"}
    assert _addresses(part) == ()
    assert len(_addresses(part, "other.test")) == 2


def test_a_service_that_goes_leaves_its_routes_without_a_backend() -> None:
    world = _world()
    part = _part(world)

    touched = part.update(world.without(ObjectRef(Kind.SERVICE, "shop", "web")))

    assert touched == {HOST}
    assert [p.code for p in part.hosts[HOST].problems] == ["ServiceNotFound"]


def test_an_ingress_that_goes_takes_its_host_along() -> None:
    world = _world()
    part = _part(world)

    touched = part.update(world.without(ObjectRef(Kind.INGRESS, "shop", "web")))

    assert touched == {HOST}
    assert list(part.hosts) == ["other.test"]


def test_an_ingress_that_moves_touches_the_old_and_the_new_host() -> None:
    world = _world()
    part = _part(world)

    touched = part.update(_put(world, ingress(host="new.test")))

    assert touched == {HOST, "new.test"}
    assert sorted(part.hosts) == ["new.test", "other.test"]


def test_ingresses_of_other_classes_are_left_alone() -> None:
    theirs = ingress(annotations="{bascule.dev/retries: many}").replace(
        "ingressClassName: bascule", "ingressClassName: other"
    )

    part = _part(snapshot(theirs, CLASS.replace("CONTROLLER", "else/where")))

    assert part.is_empty
    assert list(part.problems()) == []


def test_a_class_that_becomes_ours_brings_its_ingresses() -> None:
    theirs = ingress().replace("ingressClassName: bascule", "ingressClassName: other")
    world = snapshot(theirs, CLASS.replace("CONTROLLER", "else/where"))
    part = _part(world)

    touched = part.update(_put(world, CLASS.replace("CONTROLLER", "bascule.dev/ingress")))

    assert touched == {HOST}


def test_a_broken_class_is_a_problem() -> None:
    part = _part(snapshot(CLASS.replace("CONTROLLER", "7")))

    assert [(p.kind, p.name, p.code) for p in part.problems()] == [
        ("IngressClass", "other", "IngressClassInvalid")
    ]


def test_faults_of_an_ingress_are_its_problems_until_they_are_mended() -> None:
    broken = ingress(annotations="{bascule.dev/retries: many}", path="relative")
    world = snapshot(broken)
    part = _part(world)

    assert sorted(p.code for p in part.problems()) == ["AnnotationInvalid", "PathInvalid"]

    part.update(_put(world, ingress()))
    assert list(part.problems()) == []


def test_a_class_named_twice_is_a_problem() -> None:
    part = _part(snapshot(ingress(annotations="{kubernetes.io/ingress.class: bascule2}")))

    assert part.is_empty

    texts = ingress(annotations="{kubernetes.io/ingress.class: bascule}").replace(
        "ingressClassName: bascule", "ingressClassName: other"
    )
    assert [p.code for p in _part(snapshot(texts)).problems()] == ["IngressClassAmbiguous"]


def test_the_default_backend_of_the_gateway_is_that_of_the_oldest_ingress_without_rules() -> None:
    bare = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: NAME, namespace: shop, creationTimestamp: 202YEAR-01-01T00:00:00Z}
spec:
  ingressClassName: bascule
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""
    old, new = (bare.replace("NAME", n).replace("YEAR", y) for n, y in (("z", "5"), ("a", "6")))
    world = snapshot(old, new)

    part = _part(world)
    assert part.default is not None
    assert part.default.item.ref.name == "z"

    part.update(world.without(ObjectRef(Kind.INGRESS, "shop", "z")))
    assert part.default.item.ref.name == "a"

    part.update(snapshot())
    assert part.default is None


def test_a_secret_touches_the_hosts_that_name_it() -> None:
    world = _put(_world(), ingress(more=TLS))
    part = _part(world)
    assert part.hosts[HOST].certificate is None

    world = world.with_object(TlsSecret(meta=META, pair=certificate_pair("a")))
    touched = part.update(world)

    assert touched == {HOST}
    certificate = part.hosts[HOST].certificate
    assert certificate is not None
    assert (certificate.namespace, certificate.secret) == ("shop", "cert")
    assert certificate.not_after == certificate_pair("a").not_after


def test_an_ingress_with_tls_may_go() -> None:
    world = _put(_world(), ingress(more=TLS))
    part = _part(world)

    part.update(_put(world, ingress()))

    assert not part.hosts[HOST].is_tls
    secret = TlsSecret(meta=META, pair=certificate_pair("a"))
    assert part.update(world.with_object(secret)) == {HOST}


def test_two_hosts_may_share_a_secret() -> None:
    other = ingress("other", host="other.test", more="tls: [{secretName: cert}]")
    world = snapshot(ingress(more=TLS), other, TlsSecret(meta=META, pair=certificate_pair("a")))

    part = _part(world)

    assert part.hosts[HOST].certificate == part.hosts["other.test"].certificate is not None


def test_a_secret_that_breaks_says_why_and_lends_no_certificate() -> None:
    world = _put(_world(), ingress(more=TLS))
    world = world.with_object(TlsSecret(meta=META, pair=certificate_pair("a")))
    part = _part(world)

    part.update(world.with_object(TlsSecret(meta=META, faults=(Fault("KeyMismatch", "no"),))))

    assert part.hosts[HOST].certificate is None
    assert [(p.kind, p.code) for p in part.hosts[HOST].problems] == [
        ("Ingress", "CertificateMissing"),
        ("Secret", "KeyMismatch"),
    ]


def test_backends_are_called_by_the_tag_of_their_cluster() -> None:
    naming = Naming(tags={Cluster.BLUE: "blue-2", Cluster.GREEN: "green-1"})
    part = ClusterPart(Cluster.BLUE, BuildOptions(naming=naming))

    part.update(_world())

    backend = part.hosts[HOST].routes[0].backend
    assert (backend.name.partition("/")[0], backend.cluster) == ("blue-2", Cluster.BLUE)


def _probe_path(part: ClusterPart) -> str:
    probe = part.hosts[HOST].routes[0].backend.probe
    return probe.path if probe else ""


def test_a_pod_that_is_seen_late_gives_its_backend_a_probe() -> None:
    behind = endpoints("10.0.0.1", pods=("web-1",))
    world = snapshot(ingress(), service(), behind)
    part = ClusterPart(Cluster.BLUE, BuildOptions(reads_probes=True))
    part.update(world)
    before = _probe_path(part)

    world = _put(world, pod("web-1", probe="path: /ready, port: 8080"))
    touched = part.update(world)
    after = _probe_path(part)
    unused = part.update(_put(world, pod("stranger", probe="port: 1")))
    part.update(_put(world, endpoints("10.0.0.1", pods=("web-2",))))

    assert (before, touched, after) == ("", {HOST}, "/ready")
    assert unused == set()
    assert _probe_path(part) == ""


def test_pods_say_nothing_where_they_are_not_read() -> None:
    behind = endpoints("10.0.0.1", pods=("web-1",))
    part = _part(snapshot(ingress(), service(), behind, pod("web-1", probe="port: 8080")))

    assert _probe_path(part) == ""


def test_rewrite_rules_come_and_go_with_their_resource() -> None:
    asked = "{appgw.ingress.kubernetes.io/rewrite-rule-set-custom-resource: headers}"
    world = snapshot(ingress(annotations=asked), service(), endpoints("10.0.0.1"))
    part = _part(world)
    before = dict(part.hosts[HOST].routes[0].extensions)

    touched = part.update(_put(world, rewrite()))
    rules = dict(part.hosts[HOST].routes[0].extensions)[RULES]
    part.update(_put(world, rewrite(spec="rewriteRules: 7")))
    after = dict(part.hosts[HOST].routes[0].extensions)

    assert before[NAME] == after[NAME] == "shop/headers"
    assert (touched, rules) == ({HOST}, '{"rewriteRules":[{"name":"one"}]}')
    assert RULES not in before
    assert RULES not in after


def test_faulty_rewrite_rules_are_told_for_as_long_as_an_ingress_asks_for_them() -> None:
    asked = "{appgw.ingress.kubernetes.io/rewrite-rule-set-custom-resource: headers}"
    world = snapshot(ingress(annotations=asked), service(), endpoints("10.0.0.1"))
    part = _part(world)
    missing = [p.code for p in part.problems()]

    world = _put(world, rewrite(spec="rewriteRules: 7"))
    part.update(world)
    asked_for = [p.code for p in part.problems()]
    part.update(_put(world, ingress()))

    assert (missing, asked_for) == ([], ["RewriteInvalid"])
    assert list(part.problems()) == []
