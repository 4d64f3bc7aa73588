"""The verbs of the command, as `--help` lists them, and what each needs to be installed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """What `--help` says of a verb before its module is imported, and the extra that it needs."""

    help: str
    extra: str = ""


PACKAGES_BY_EXTRA = {
    "lab": ("envoy", "h2", "httptools", "kubernetes_validate", "uvloop", "wsproto")
}
"""What the processes that a verb starts later import, looked for before it starts any."""

VERBS = {
    "init": Verb("Write a commented upgrade.yaml from what two clusters hold."),
    "run": Verb("Run the controller of a gateway, with an Envoy of its own.", extra="envoy"),
    "plan": Verb("Print every step of an upgrade with reasons and findings; changes nothing."),
    "status": Verb("Show the gateway: clusters, weights, routes, problems, Envoy."),
    "upgrade": Verb("Start an upgrade, steer it, look at it, roll it back."),
    "preflight": Verb(
        "Say what would break on a platform on Azure; writes nothing.", extra="azure"
    ),
    "rights": Verb("Print the roles that an upgrade takes on Azure, or test them.", extra="azure"),
    "platform": Verb("Plan, make and remove the cloud below an upgrade.", extra="azure"),
    "gateway": Verb(
        "Take an Application Gateway over from AGIC, give it back, rescue it.", extra="azure"
    ),
    "switch": Verb("Move all traffic from one cluster to the other."),
    "weights": Verb("Set the share of each cluster, such as blue=90 green=10."),
    "rollback": Verb("Go back to the split before the last switch or shift."),
    "stop": Verb("End the runtime of a gateway and its Envoy."),
    "render": Verb("Print what the gateway would be sent, from manifests alone."),
    "route": Verb("Say which rule of which Ingress would answer a URL, and why."),
    "lab": Verb("Start, look at and remove lab clusters.", extra="lab"),
    "demo": Verb("Switch a shop between two lab clusters under load.", extra="lab"),
}
