"""`kubectl apply` on either side, and the other ways to change an object."""

from tests.integration.kubectl import manifests
from tests.integration.kubectl.check import Check, Step

APPLY = "reference/kubectl/generated/kubectl_apply/"
SSA = "reference/using-api/server-side-apply/"
CHANGED = manifests.CONFIG.replace("blue", "green")
LIST = """
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: settings}
  data: {colour: blue}
"""
SMALLER = manifests.CONFIG.replace(', size: "3"', "")

CHECKS = (
    Check(
        name="apply_creates_then_leaves_unchanged_then_configures",
        docs="tasks/manage-kubernetes-objects/declarative-config/",
        steps=(
            Step(run="apply -f -", stdin=manifests.CONFIG, out="configmap/settings created\n"),
            Step(run="apply -f -", stdin=manifests.CONFIG, out="configmap/settings unchanged\n"),
            Step(run="apply -f -", stdin=CHANGED, out="configmap/settings configured\n"),
            Step(run="get cm settings -o jsonpath={.data.colour}", out="green"),
        ),
        feature="openapi",
    ),
    Check(
        name="apply_takes_a_list_as_get_prints_it",
        docs="tasks/manage-kubernetes-objects/declarative-config/",
        steps=(
            Step(run="apply -f -", stdin=LIST, out="configmap/settings created\n"),
            Step(run="get cm settings -o jsonpath={.data.colour}", out="blue"),
        ),
    ),
    Check(
        name="apply_removes_what_was_dropped",
        docs="tasks/manage-kubernetes-objects/declarative-config/",
        steps=(
            Step(run="apply -f -", stdin=manifests.CONFIG),
            Step(run="apply -f -", stdin=SMALLER, out="configmap/settings configured\n"),
            Step(run="get cm settings -o jsonpath={.data}", out='{"colour":"blue"}'),
        ),
    ),
    Check(
        name="apply_keeps_the_replicas_that_somebody_else_set",
        docs="tasks/manage-kubernetes-objects/declarative-config/",
        steps=(
            Step(
                run="apply -f -",
                stdin=manifests.DEPLOYMENT.replace("  replicas: 2\n", ""),
                out="deployment.apps/web created\n",
            ),
            Step(run="scale deployment web --replicas=3"),
            Step(
                run="apply -f -",
                stdin=manifests.DEPLOYMENT.replace("  replicas: 2\n", "").replace(":1", ":2"),
                out="deployment.apps/web configured\n",
            ),
            Step(run="get deploy web -o jsonpath={.spec.replicas}", out="3"),
        ),
    ),
    Check(
        name="apply_with_an_unknown_field_is_refused",
        docs="reference/using-api/api-concepts/#field-validation",
        steps=(
            Step(
                run="apply -f -",
                stdin=manifests.DEPLOYMENT.replace("replicas: 2", "replicaz: 2"),
                code=1,
                err_has=("strict decoding error", 'unknown field "spec.replicaz"'),
            ),
        ),
        feature="strict-fields",
    ),
    Check(
        name="apply_with_validation_warn_warns",
        docs="reference/using-api/api-concepts/#field-validation",
        steps=(
            Step(
                run="apply --validate=warn -f -",
                stdin=manifests.DEPLOYMENT.replace("replicas: 2", "replicaz: 2"),
                out="deployment.apps/web created\n",
                err_has=('Warning: unknown field "spec.replicaz"',),
            ),
        ),
    ),
    Check(
        name="apply_server_side_says_so_and_owns_its_fields",
        docs=SSA,
        steps=(
            Step(
                run="apply --server-side -f -",
                stdin=manifests.CONFIG,
                out="configmap/settings serverside-applied\n",
            ),
            Step(
                run="get cm settings --show-managed-fields -o jsonpath='{range "
                ".metadata.managedFields[*]}{.manager}:{.operation};{end}'",
                out="kubectl:Apply;",
            ),
        ),
        feature="server-side-apply",
    ),
    Check(
        name="apply_server_side_conflict_names_manager_and_field",
        docs=f"{SSA}#conflicts",
        steps=(
            Step(run="apply --server-side -f -", stdin=manifests.CONFIG),
            Step(
                run="apply --server-side --field-manager=other -f -",
                stdin=CHANGED,
                code=1,
                err_has=(
                    'Apply failed with 1 conflict: conflict with "kubectl": .data.colour',
                    "--force-conflicts",
                ),
            ),
            Step(run="get cm settings -o jsonpath={.data.colour}", out="blue"),
        ),
    ),
    Check(
        name="apply_server_side_by_two_managers_shares_what_they_agree_on",
        docs=f"{SSA}#conflicts",
        steps=(
            Step(run="apply --server-side -f -", stdin=manifests.DEPLOYMENT),
            Step(
                run="apply --server-side --field-manager=other -f -",
                stdin=manifests.DEPLOYMENT,
                out="deployment.apps/web serverside-applied\n",
            ),
            Step(
                run="apply --server-side --field-manager=other -f -",
                stdin=manifests.DEPLOYMENT.replace("web:1", "web:2"),
                code=1,
                err_has=('conflict with "kubectl"', 'containers[name="web"].image'),
            ),
        ),
    ),
    Check(
        name="apply_server_side_force_takes_the_field_over",
        docs=f"{SSA}#conflicts",
        steps=(
            Step(run="apply --server-side -f -", stdin=manifests.CONFIG),
            Step(
                run="apply --server-side --field-manager=other --force-conflicts -f -",
                stdin=CHANGED,
                out="configmap/settings serverside-applied\n",
            ),
            Step(run="get cm settings -o jsonpath={.data.colour}", out="green"),
        ),
    ),
    Check(
        name="apply_server_side_removes_dropped_fields_of_the_manager",
        docs=f"{SSA}#field-management",
        steps=(
            Step(run="apply --server-side -f -", stdin=manifests.CONFIG),
            Step(run="apply --server-side -f -", stdin=SMALLER),
            Step(run="get cm settings -o jsonpath={.data}", out='{"colour":"blue"}'),
        ),
    ),
    Check(
        name="apply_server_side_keeps_what_a_second_manager_added",
        docs=f"{SSA}#field-management",
        steps=(
            Step(run="apply --server-side -f -", stdin=SMALLER),
            Step(
                run="apply --server-side --field-manager=other -f -",
                stdin="{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, "
                "data: {extra: more}}",
                out="configmap/settings serverside-applied\n",
            ),
            Step(
                run="get cm settings -o jsonpath={.data}",
                out='{"colour":"blue","extra":"more"}',
            ),
        ),
    ),
    Check(
        name="diff_exits_with_1_when_there_is_a_difference",
        docs="reference/kubectl/generated/kubectl_diff/",
        steps=(
            Step(run="apply -f -", stdin=manifests.CONFIG),
            Step(run="diff -f -", stdin=manifests.CONFIG, code=0, out=""),
            Step(
                run="diff -f -",
                stdin=CHANGED,
                code=1,
                has=("-  colour: blue\n", "+  colour: green\n"),
            ),
        ),
    ),
    Check(
        name="patch_strategic_merges_containers_by_name",
        docs="tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run='patch deployment web -p \'{"spec":{"template":{"spec":{"containers":'
                '[{"name":"side","image":"redis"}]}}}}\'',
                out="deployment.apps/web patched\n",
            ),
            Step(
                run="get deployment web -o jsonpath='{.spec.template.spec.containers[*].name}'",
                out="side web",
            ),
        ),
        feature="strategic-merge",
    ),
    Check(
        name="patch_merge_replaces_lists",
        docs="tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run='patch deployment web --type merge -p \'{"spec":{"template":{"spec":'
                '{"containers":[{"name":"only","image":"redis"}]}}}}\'',
                out="deployment.apps/web patched\n",
            ),
            Step(
                run="get deployment web -o jsonpath='{.spec.template.spec.containers[*].name}'",
                out="only",
            ),
        ),
    ),
    Check(
        name="patch_json_follows_its_operations",
        docs="tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/",
        given=manifests.CONFIG,
        steps=(
            Step(
                run='patch cm settings --type json -p \'[{"op":"test","path":"/data/colour",'
                '"value":"blue"},{"op":"replace","path":"/data/colour","value":"red"},'
                '{"op":"remove","path":"/data/size"}]\'',
                out="configmap/settings patched\n",
            ),
            Step(run="get cm settings -o jsonpath={.data}", out='{"colour":"red"}'),
        ),
    ),
    Check(
        name="patch_that_changes_nothing_says_so",
        docs="reference/kubectl/generated/kubectl_patch/",
        given=manifests.CONFIG,
        steps=(
            Step(
                run='patch cm settings -p \'{"data":{"colour":"blue"}}\'',
                out="configmap/settings patched (no change)\n",
            ),
        ),
    ),
    Check(
        name="label_and_annotate",
        docs="reference/kubectl/generated/kubectl_label/",
        given=manifests.CONFIG,
        steps=(
            Step(run="label cm settings team=web", out="configmap/settings labeled\n"),
            Step(
                run="label cm settings team=api",
                code=1,
                err="error: 'team' already has a value (web), and --overwrite is false\n",
            ),
            Step(run="label cm settings team=api --overwrite", out="configmap/settings labeled\n"),
            Step(run="label cm settings team-", out="configmap/settings unlabeled\n"),
            Step(
                run="annotate cm settings note='my cm'",
                out="configmap/settings annotated\n",
            ),
            Step(run="get cm settings -o jsonpath={.metadata.annotations.note}", out="my cm"),
        ),
    ),
    Check(
        name="replace_needs_the_current_resource_version",
        docs="reference/using-api/api-concepts/#resource-versions",
        given=manifests.CONFIG,
        steps=(
            Step(
                run="replace -f -",
                stdin=manifests.CONFIG.replace(
                    "name: settings", 'name: settings, resourceVersion: "1"'
                ),
                code=1,
                err_has=(
                    "Error from server (Conflict)",
                    (
                        'Operation cannot be fulfilled on configmaps "settings": the object has '
                        "been modified; please apply your changes to the latest version and try "
                        "again"
                    ),
                ),
            ),
            Step(run="replace -f -", stdin=CHANGED, out="configmap/settings replaced\n"),
        ),
        feature="optimistic-lock",
    ),
    Check(
        name="replace_takes_back_what_get_has_printed",
        docs="reference/kubectl/generated/kubectl_replace/",
        given=manifests.POD,
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(run="get pod box -o yaml"),
            Step(run="replace -f -", stdin="{last}", out="pod/box replaced\n"),
        ),
    ),
    Check(
        name="set_image_changes_the_template",
        docs="reference/kubectl/generated/kubectl_set/kubectl_set_image/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run="set image deployment/web web=shop/web:2",
                out="deployment.apps/web image updated\n",
            ),
            Step(
                run="get deploy web -o jsonpath='{.spec.template.spec.containers[0].image}'",
                out="shop/web:2",
            ),
        ),
    ),
    Check(
        name="set_env_adds_to_the_template",
        docs="reference/kubectl/generated/kubectl_set/kubectl_set_env/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run="set env deployment/web STORAGE_DIR=/local",
                out="deployment.apps/web env updated\n",
            ),
            Step(
                run="set env deployment/web --list",
                out="# Deployment web, container web\nSTORAGE_DIR=/local\n",
            ),
        ),
    ),
    Check(
        name="set_resources_normalises_quantities",
        docs="reference/kubectl/generated/kubectl_set/kubectl_set_resources/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run="set resources deployment web --limits=cpu=200m,memory=512Mi",
                out="deployment.apps/web resource requirements updated\n",
            ),
            Step(
                run="get deploy web -o "
                "jsonpath='{.spec.template.spec.containers[0].resources.limits}'",
                out='{"cpu":"200m","memory":"512Mi"}',
            ),
        ),
    ),
)
