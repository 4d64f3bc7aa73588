"""Whether what Bascule does in Azure is proven in Azure itself.

`make azure-real` writes what a subscription showed; tests/house/test_azure_proof.py holds this
constant to that file.
"""

from bascule.upgrade.plan.model import Plan, StepKind

IS_PROVEN_ON_AZURE: bool = False
LAB_ONLY = (
    "What Bascule does in Azure is proven in the lab only: no run on a subscription is recorded."
)
_KINDS = frozenset(
    {
        StepKind.MAKE_CLUSTER.value,
        StepKind.STOP_CLUSTER.value,
        StepKind.START_CLUSTER.value,
        StepKind.REMOVE_CLUSTER.value,
    }
)
"""Steps that only a platform in Azure carries out."""


def list_unproven(plan: Plan, *, is_proven: bool = IS_PROVEN_ON_AZURE) -> tuple[str, ...]:
    """Return in sentences what of a plan nobody has seen in Azure itself."""
    if is_proven or all(step.kind not in _KINDS for step in plan.steps):
        return ()
    return (LAB_ONLY,)
