"""(d) From objects of two clusters to Envoy's resources: whole, and after one endpoint changed."""

import gc
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import TypeVar

from bascule.gateway.envoy.stance import Stance
from bascule.gateway.envoy.translate import translate
from bascule.ids import Cluster
from bascule.manifest.objects import ManifestObject
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.incremental import Builder
from bascule.routing.options import BuildOptions
from bascule.routing.weights import Split, Weights
from benchmarks.figures import Section, percentile, write_section
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice

T = TypeVar("T")

SIZES = ((1_000, 5), (10_000, 5))
CHANGES = 25
NOTE = (
    "Each Ingress has a host, a Service and an EndpointSlice of its own, in both clusters. "
    "A change is one endpoint that leaves its slice. Parsing includes making the raw objects."
)
SPLIT = Split(Weights.all_to(Cluster.BLUE))


def make_objects(ingresses: int, endpoints_each: int, subnet: int) -> Iterator[ManifestObject]:
    """Yield views of Ingresses with a Service and a slice each, as parsed from raw objects."""
    for number in range(ingresses):
        namespace, service = f"team-{number % 100}", f"web-{number}"
        yield from parsed(
            raw_ingress(
                f"web-{number}",
                host=f"h{number}.example.com",
                service=service,
                namespace=namespace,
            ),
            raw_service(service, namespace=namespace),
            make_slice(number, endpoints_each, subnet),
        )


def make_slice(number: int, endpoints: int, subnet: int) -> dict[str, object]:
    """Return the raw EndpointSlice of service `number`."""
    first = number * 5
    addresses = [
        f"127.{subnet}.{(first + i) // 250 % 256}.{(first + i) % 250 + 1}" for i in range(endpoints)
    ]
    return raw_slice(f"web-{number}", addresses=addresses, namespace=f"team-{number % 100}")


def timed(action: Callable[[], T]) -> tuple[float, T]:
    """Return the wall time of `action` in ms, and its result."""
    start = time.perf_counter()
    result = action()
    return 1000 * (time.perf_counter() - start), result


def measure_size(ingresses: int, endpoints_each: int) -> list[str]:
    """Return one row: whole build and translation, then the medians after single changes."""
    parse_ms, snapshots = timed(
        lambda: {
            cluster: ClusterSnapshot.of(make_objects(ingresses, endpoints_each, 64 + index))
            for index, cluster in enumerate(Cluster)
        }
    )
    builder = Builder(BuildOptions())
    build_ms, routes = timed(lambda: builder.build(snapshots))
    translate_ms, translation = timed(lambda: translate(routes, Stance(SPLIT), EMPTY_STORE))
    build_again, translate_again = [], []
    for number in range(CHANGES):
        (changed,) = parsed(make_slice(number, endpoints_each - 1, 64))
        snapshots[Cluster.BLUE] = snapshots[Cluster.BLUE].with_object(changed)
        took, routes = timed(lambda: builder.build(snapshots))
        build_again.append(took)
        took, translation = timed(
            partial(translate, routes, Stance(SPLIT), EMPTY_STORE, translation)
        )
        translate_again.append(took)
    gc.collect()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        f"2 x {ingresses:,}",
        f"2 x {ingresses * endpoints_each:,}",
        f"{parse_ms:,.0f}",
        f"{build_ms:,.0f}",
        f"{translate_ms:,.0f}",
        f"{median(build_again):.1f} ({percentile(build_again, 95):.1f})",
        f"{median(translate_again):.1f} ({percentile(translate_again, 95):.1f})",
        f"{peak_mib:.0f}",
    ]


def main() -> None:
    """Measure each size and keep the section."""
    rows = [measure_size(ingresses, endpoints) for ingresses, endpoints in SIZES]
    write_section(
        Section(
            name="translation",
            title="Translation of Ingresses",
            command="make bench ARGS=translation",
            columns=[
                "Ingresses",
                "endpoints",
                "parse, ms",
                "build whole, ms",
                "translate whole, ms",
                f"build after a change, ms: median of {CHANGES} (p95)",
                "translate after a change, ms: median (p95)",
                "peak MiB of the process so far",
            ],
            rows=rows,
            notes=[NOTE],
        )
    )


if __name__ == "__main__":
    main()
