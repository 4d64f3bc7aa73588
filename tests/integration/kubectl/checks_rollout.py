"""Rollouts, scaling, deletion and nodes: what controllers do when kubectl asks."""

from tests.integration.kubectl import manifests
from tests.integration.kubectl.check import Check, Step

ROLLOUT = "reference/kubectl/generated/kubectl_rollout/"
DELETE = "reference/kubectl/generated/kubectl_delete/"
WITH_FINALIZER = manifests.CONFIG.replace("labels:", "finalizers: [example.com/hold], labels:")

CHECKS = (
    Check(
        name="rollout_status_waits_for_the_new_pods",
        docs=f"{ROLLOUT}kubectl_rollout_status/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run="rollout status deployment/web --timeout=30s",
                like=r'(Waiting for .*\n)*deployment "web" successfully rolled out\n',
            ),
        ),
    ),
    Check(
        name="rollout_history_and_undo",
        docs=f"{ROLLOUT}kubectl_rollout_undo/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(run="set image deployment/web web=shop/web:2"),
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="rollout history deployment/web",
                rows=(
                    "deployment.apps/web",
                    "REVISION CHANGE-CAUSE",
                    "1 <none>",
                    "2 <none>",
                ),
            ),
            Step(run="rollout undo deployment/web", out="deployment.apps/web rolled back\n"),
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="get deploy web -o jsonpath='{.spec.template.spec.containers[0].image} "
                "{.metadata.annotations.deployment\\.kubernetes\\.io/revision}'",
                out="shop/web:1 3",
            ),
        ),
    ),
    Check(
        name="rollout_restart_replaces_the_pods",
        docs=f"{ROLLOUT}kubectl_rollout_restart/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(run="rollout restart deployment/web", out="deployment.apps/web restarted\n"),
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="get rs -l app=web -o jsonpath='{.items[*].spec.replicas}'",
                like="(0 2|2 0)",
            ),
        ),
    ),
    Check(
        name="rollout_pause_and_resume",
        docs=f"{ROLLOUT}kubectl_rollout_pause/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout pause deployment/web", out="deployment.apps/web paused\n"),
            Step(
                run="rollout pause deployment/web",
                code=1,
                err='error: deployments.apps "web" is already paused\n',
            ),
            Step(run="rollout resume deployment/web", out="deployment.apps/web resumed\n"),
        ),
    ),
    Check(
        name="rollout_of_a_stateful_set",
        docs="concepts/workloads/controllers/statefulset/",
        given=manifests.STATEFUL_SET,
        steps=(
            Step(run="rollout status statefulset/db --timeout=30s"),
            Step(run="get pods -l app=db -o name", out="pod/db-0\npod/db-1\n"),
            Step(run="get sts db", rows=("NAME READY AGE", "db 2/2 AGE")),
        ),
    ),
    Check(
        name="scale_changes_the_replicas",
        docs="reference/kubectl/generated/kubectl_scale/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="scale --replicas=3 deployment/web", out="deployment.apps/web scaled\n"),
            Step(
                run="wait --for=jsonpath='{.status.readyReplicas}'=3 deployment/web --timeout=30s",
                out="deployment.apps/web condition met\n",
            ),
            Step(
                run="scale --current-replicas=7 --replicas=1 deployment/web",
                code=1,
                err="error: Expected replicas to be 7, was 3\n",
            ),
        ),
        feature="scale",
    ),
    Check(
        name="autoscale_makes_an_autoscaler",
        docs="reference/kubectl/generated/kubectl_autoscale/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run="autoscale deployment web --min=2 --max=10 --cpu=80%",
                out="horizontalpodautoscaler.autoscaling/web autoscaled\n",
            ),
            Step(
                run="get hpa web -o jsonpath='{.spec.scaleTargetRef.name} {.spec.minReplicas} "
                "{.spec.maxReplicas}'",
                out="web 2 10",
            ),
        ),
    ),
    Check(
        name="wait_for_a_condition_that_does_not_come_times_out",
        docs="reference/kubectl/generated/kubectl_wait/",
        given=manifests.CONFIG,
        steps=(
            Step(
                run="wait --for=condition=Ready cm/settings --timeout=1s",
                code=1,
                err="error: timed out waiting for the condition on configmaps/settings\n",
            ),
        ),
    ),
    Check(
        name="wait_for_a_deletion_that_a_finalizer_holds_up_times_out",
        docs="reference/kubectl/generated/kubectl_wait/",
        given=WITH_FINALIZER,
        steps=(
            Step(run="delete cm settings --wait=false"),
            Step(
                run="wait --for=delete cm/settings --timeout=1s",
                code=1,
                err_has=("error: timed out waiting for the condition on configmaps/settings\n",),
            ),
        ),
    ),
    Check(
        name="delete_says_what_it_deleted",
        docs=DELETE,
        given=manifests.CONFIG,
        steps=(
            Step(
                run="delete cm settings",
                out='configmap "settings" deleted from {ns} namespace\n',
            ),
            Step(
                run="delete cm settings",
                code=1,
                err='Error from server (NotFound): configmaps "settings" not found\n',
            ),
        ),
    ),
    Check(
        name="delete_by_label_deletes_only_those",
        docs=DELETE,
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(
                run="delete cm -l app=shop",
                out='configmap "settings" deleted from {ns} namespace\n',
            ),
            Step(run="get cm -l app -o name", out="configmap/other\n"),
        ),
    ),
    Check(
        name="delete_background_takes_the_pods_along",
        docs="concepts/architecture/garbage-collection/#cascading-deletion",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(run="delete deployment web"),
            Step(run="wait --for=delete pod -l app=web --timeout=30s"),
            Step(run="get rs,pods -l app=web -o name", out=""),
        ),
    ),
    Check(
        name="delete_foreground_waits_for_the_dependents",
        docs="concepts/architecture/garbage-collection/#foreground-deletion",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="delete deployment web --cascade=foreground --timeout=30s",
                out='deployment.apps "web" deleted from {ns} namespace\n',
            ),
            Step(run="get deploy,rs -l app=web -o name", out=""),
        ),
    ),
    Check(
        name="delete_orphan_leaves_the_dependents",
        docs="concepts/architecture/garbage-collection/#orphaned-dependents",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(run="delete deployment web --cascade=orphan --timeout=30s"),
            Step(run="get rs -l app=web -o name", like=r"replicaset\.apps/web-\w+\n"),
            Step(
                run="get rs -l app=web -o jsonpath='{.items[0].metadata.ownerReferences}'", out=""
            ),
        ),
    ),
    Check(
        name="delete_waits_for_finalizers",
        docs="concepts/overview/working-with-objects/finalizers/",
        given=WITH_FINALIZER,
        steps=(
            Step(
                run="delete cm settings --wait=false",
                out='configmap "settings" deleted from {ns} namespace\n',
            ),
            Step(
                run="get cm settings -o jsonpath={.metadata.deletionTimestamp}",
                like=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
            ),
            Step(
                run='patch cm settings --type merge -p \'{"metadata":{"finalizers":null}}\'',
                out="configmap/settings patched\n",
            ),
            Step(run="get cm settings", code=1, err_has=("(NotFound)",)),
        ),
    ),
    Check(
        name="delete_namespace_removes_what_is_in_it",
        docs="concepts/overview/working-with-objects/namespaces/",
        given=f"{manifests.CONFIG}---{manifests.POD}",
        steps=(
            Step(
                run="delete namespace {ns} --timeout=30s",
                out='namespace "{ns}" deleted\n',
            ),
            Step(run="get ns {ns}", code=1, err_has=('namespaces "{ns}" not found',)),
            Step(run="get cm settings", code=1, err_has=("NotFound",)),
        ),
    ),
    Check(
        name="cordon_and_uncordon",
        docs="reference/kubectl/generated/kubectl_cordon/",
        given="{apiVersion: v1, kind: Node, metadata: {name: '{ns}-node'}}",
        steps=(
            Step(run="cordon {ns}-node", out="node/{ns}-node cordoned\n"),
            Step(run="cordon {ns}-node", out="node/{ns}-node already cordoned\n"),
            Step(
                run="get node {ns}-node -o jsonpath='{.spec.unschedulable}'",
                out="true",
            ),
            Step(run="uncordon {ns}-node", out="node/{ns}-node uncordoned\n"),
        ),
    ),
    Check(
        name="taint_a_node",
        docs="reference/kubectl/generated/kubectl_taint/",
        given="{apiVersion: v1, kind: Node, metadata: {name: '{ns}-node'}}",
        steps=(
            Step(
                run="taint nodes {ns}-node dedicated=web:NoSchedule",
                out="node/{ns}-node tainted\n",
            ),
            Step(run="taint nodes {ns}-node dedicated-", out="node/{ns}-node untainted\n"),
        ),
    ),
    Check(
        name="drain_evicts_the_pods_of_a_node",
        docs="tasks/administer-cluster/safely-drain-node/",
        given=manifests.POD.replace("spec:", "spec:\n  nodeName: kubectl-node-1").replace(
            "run: box", "run: '{ns}'"
        ),
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(
                run="drain kubectl-node-1 --pod-selector=run={ns} --force --timeout=30s",
                out="node/kubectl-node-1 cordoned\nevicting pod {ns}/box\npod/box evicted\n"
                "node/kubectl-node-1 drained\n",
            ),
            Step(
                run="get node kubectl-node-1",
                rows=(
                    "NAME STATUS ROLES AGE VERSION",
                    "kubectl-node-1 Ready,SchedulingDisabled * AGE v1.36.*",
                ),
            ),
        ),
        cleanup=("uncordon kubectl-node-1",),
    ),
    Check(
        name="eviction_that_would_break_a_budget_is_refused",
        docs="concepts/scheduling-eviction/api-eviction/",
        given=f"{manifests.POD}---{manifests.BUDGET}",
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(run="wait --for=jsonpath='{.status.currentHealthy}'=1 pdb/box --timeout=30s"),
            Step(
                run="create --raw /api/v1/namespaces/{ns}/pods/box/eviction -f -",
                stdin='{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": '
                '{"name": "box", "namespace": "{ns}"}}',
                code=1,
                err_has=("Cannot evict pod as it would violate the pod's disruption budget.",),
            ),
            Step(
                run="get pdb box",
                rows=(
                    "NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE",
                    "box 1 N/A 0 AGE",
                ),
            ),
        ),
        feature="eviction-budgets",
    ),
)
