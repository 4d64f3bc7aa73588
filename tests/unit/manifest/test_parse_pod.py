import pytest

from bascule.manifest.objects import Container, HttpProbe, Pod
from tests.support.manifests import pod, view

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, annotations: ANNOTATIONS}
spec:
  containers:
  - name: main
    ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}, {name: bare}]
    readinessProbe:
      httpGet:
        path: /ready
        port: http
        scheme: HTTPS
        host: ignored.test
        httpHeaders: [{name: X-From, value: kubelet}, {name: host, value: shop.test}]
      periodSeconds: 7
      timeoutSeconds: 4
      failureThreshold: 5
    livenessProbe: {httpGet: {port: "8081", host: live.test}}
  initContainers:
  - {name: setup, ports: [{containerPort: 1}]}
  - {name: sidecar, restartPolicy: Always, ports: [{containerPort: 9000}]}
status: {phase: PHASE}
"""


def _pod(annotations: str = "{}", phase: str = "Running") -> Pod:
    return view(POD.replace("ANNOTATIONS", annotations).replace("PHASE", phase), Pod)


def test_containers_and_sidecars_are_read_with_their_http_probes() -> None:
    main, sidecar = _pod().containers

    assert main.ports == (("http", 8080),)
    assert main.readiness == HttpProbe(
        port="http",
        path="/ready",
        host="shop.test",
        is_https=True,
        period_s=7,
        timeout_s=4,
        failures=5,
    )
    assert main.liveness == HttpProbe(port=8081, host="live.test")
    assert sidecar == Container(ports=(("", 9000),))


def test_a_pod_whose_status_and_annotations_change_is_the_same() -> None:
    assert _pod() == _pod(annotations="{a: b}", phase="Failed")
    assert _pod().meta.annotations == {}


@pytest.mark.parametrize(
    "probe", ["tcpSocket: {port: 80}", "exec: {command: [a]}", "grpc: {port: 1}", "httpGet: {}"]
)
def test_a_probe_that_is_none_by_http_is_none(probe: str) -> None:
    found = view(pod("web-1", more="").replace("name: main", f"readinessProbe: {{{probe}}}"), Pod)

    assert found.containers[0].readiness is None


@pytest.mark.parametrize(
    "change", [("containers:", "containers: 7\n  others:"), ("ports: [", "ports: 7\n    p: [")]
)
def test_a_pod_that_cannot_be_understood_has_no_containers(change: tuple[str, str]) -> None:
    broken = view(pod("web-1").replace(*change), Pod)

    assert broken.containers == ()
    assert broken.ref.name == "web-1"


def _ending(lifecycle: str, grace: str = "") -> Pod:
    text = f"""
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop}}
spec:
  {grace}
  containers: [{{name: main, lifecycle: {lifecycle}}}]
"""
    return view(text, Pod)


@pytest.mark.parametrize(
    ("pre_stop", "lasts_s"),
    [
        ("{}", 0),
        ("{preStop: {sleep: {seconds: 90}}}", 90),
        ("{preStop: {exec: {command: [sleep, '15']}}}", 15),
        ("{preStop: {exec: {command: [/bin/sleep, '2m']}}}", 120),
        ("{preStop: {exec: {command: [sh, -c, 'sleep 20 && nginx -s quit']}}}", 20),
        ("{preStop: {exec: {command: [/bin/sh, -c, 'touch /down; /bin/sleep 7.5s']}}}", 7),
        ("{preStop: {exec: {command: [./drain, --asleep, '5']}}}", None),
        ("{preStop: {httpGet: {port: 80, path: /drain}}}", None),
        ("{postStart: {sleep: {seconds: 5}}}", 0),
    ],
)
def test_how_long_a_pre_stop_surely_takes_is_read(pre_stop: str, lasts_s: int | None) -> None:
    assert _ending(pre_stop).containers[0].pre_stop_s == lasts_s


def test_a_pod_is_killed_after_its_grace_period() -> None:
    assert _ending("{}").grace_s == 30
    assert _ending("{}", "terminationGracePeriodSeconds: 0").grace_s == 0
    assert _ending("{}", "terminationGracePeriodSeconds: 120").grace_s == 120
