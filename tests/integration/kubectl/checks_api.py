"""Discovery, explain, custom kinds, and the errors at the top level."""

from tests.integration.kubectl import manifests
from tests.integration.kubectl.check import Check, Step

CRD = "tasks/extend-kubernetes/custom-resources/custom-resource-definitions/"


DEFINITIONS = "customresourcedefinition.apiextensions.k8s.io"
GROUP = "{ns}.example.com"
DEFINITION = manifests.crontab_definition(GROUP)
CRONTAB = manifests.crontab(GROUP)

CHECKS = (
    Check(
        name="version_shows_the_server",
        docs="reference/kubectl/generated/kubectl_version/",
        steps=(Step(run="version", like=r"Client Version: v1.*\nServer Version: v1\.36\..*\n"),),
    ),
    Check(
        name="cluster_info_names_the_control_plane",
        docs="reference/kubectl/generated/kubectl_cluster-info/",
        steps=(
            Step(
                run="cluster-info",
                has=("Kubernetes control plane", "is running at", "https://127.0.0.1:"),
            ),
        ),
    ),
    Check(
        name="api_resources_of_a_group",
        docs="reference/kubectl/generated/kubectl_api-resources/",
        steps=(
            Step(
                run="api-resources --api-group=apps",
                rows=(
                    "NAME SHORTNAMES APIVERSION NAMESPACED KIND",
                    "controllerrevisions apps/v1 true ControllerRevision",
                    "daemonsets ds apps/v1 true DaemonSet",
                    "deployments deploy apps/v1 true Deployment",
                    "replicasets rs apps/v1 true ReplicaSet",
                    "statefulsets sts apps/v1 true StatefulSet",
                ),
            ),
            Step(
                run="api-resources --namespaced=false -o name",
                has=("namespaces\n", "nodes\n", "clusterroles.rbac.authorization.k8s.io\n"),
            ),
        ),
    ),
    Check(
        name="api_versions_lists_groups_and_versions",
        docs="reference/kubectl/generated/kubectl_api-versions/",
        steps=(
            Step(
                run="api-versions",
                has=("apps/v1\n", "batch/v1\n", "networking.k8s.io/v1\n", "\nv1\n"),
            ),
        ),
    ),
    Check(
        name="explain_a_field",
        docs="reference/kubectl/generated/kubectl_explain/",
        steps=(
            Step(
                run="explain deployment.spec.replicas",
                has=(
                    "GROUP:      apps\n",
                    "KIND:       Deployment\n",
                    "VERSION:    v1\n",
                    "FIELD: replicas <integer>\n",
                    "Number of desired pods.",
                ),
            ),
        ),
    ),
    Check(
        name="explain_recursive_lists_the_fields",
        docs="reference/kubectl/generated/kubectl_explain/",
        steps=(
            Step(
                run="explain service.spec --recursive",
                has=("clusterIP\t<string>", "ports\t<[]ServicePort>", "targetPort\t<IntOrString>"),
            ),
            Step(
                run="explain service.spec.nothere",
                code=1,
                err='error: field "nothere" does not exist\n',
            ),
        ),
    ),
    Check(
        name="raw_health_endpoints",
        docs="reference/using-api/health-checks/",
        steps=(
            Step(run="get --raw /readyz", out="ok"),
            Step(run="get --raw /livez", out="ok"),
            Step(run="get --raw '/readyz?verbose'", has=("[+]ping ok", "readyz check passed")),
        ),
    ),
    Check(
        name="deprecated_api_warns_and_is_counted",
        docs="reference/using-api/deprecation-guide/",
        steps=(
            Step(
                run="get endpoints -o name",
                err="Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 "
                "EndpointSlice\n",
            ),
            Step(
                run="get --raw /metrics",
                has=(
                    (
                        'apiserver_requested_deprecated_apis{group="",removed_release="",'
                        'resource="endpoints",subresource="",version="v1"} 1'
                    ),
                ),
            ),
        ),
    ),
    Check(
        name="custom_definition_is_established_and_served",
        docs=CRD,
        steps=(
            Step(
                run="create -f -",
                stdin=DEFINITION,
                out=f"customresourcedefinition.apiextensions.k8s.io/crontabs.{GROUP} created\n",
            ),
            Step(
                run=f"wait --for=condition=Established crd/crontabs.{GROUP} --timeout=10s",
                out=f"{DEFINITIONS}/crontabs.{GROUP} condition met\n",
            ),
            Step(run="create -f -", stdin=CRONTAB, out=f"crontab.{GROUP}/nightly created\n"),
            Step(
                run=f"get crontabs.{GROUP}",
                rows=("NAME SPEC AGE", "nightly 0 3 * * 1 AGE"),
            ),
        ),
    ),
    Check(
        name="custom_object_is_validated_by_its_schema",
        docs=f"{CRD}#validation",
        given=DEFINITION,
        steps=(
            Step(
                run="create -f -",
                stdin=CRONTAB.replace("0 3 * * 1", "soon").replace("replicas: 3", "replicas: 15"),
                code=1,
                err_has=(
                    'The CronTab "nightly" is invalid',
                    'spec.cronSpec: Invalid value: "soon"',
                    "spec.replicas: Invalid value: 15",
                    "should be less than or equal to 10",
                ),
            ),
        ),
        feature="validation",
    ),
    Check(
        name="custom_object_scales_and_has_a_status_of_its_own",
        docs=f"{CRD}#subresources",
        given=f"{DEFINITION}---{CRONTAB}",
        steps=(
            Step(
                run=f"scale --replicas=5 crontabs.{GROUP}/nightly",
                out=f"crontab.{GROUP}/nightly scaled\n",
            ),
            Step(
                run=f"patch crontabs.{GROUP} nightly --subresource=status --type=merge "
                '-p \'{"status":{"replicas":4}}\'',
                out=f"crontab.{GROUP}/nightly patched\n",
            ),
            Step(
                run=f"get crontabs.{GROUP} nightly -o jsonpath='{{.spec.replicas}} "
                "{.status.replicas} {.metadata.generation}'",
                out="5 4 2",
            ),
        ),
    ),
    Check(
        name="custom_kind_is_explained",
        docs=f"{CRD}#publish-validation-schema-in-openapi",
        given=DEFINITION,
        steps=(
            Step(
                run=f"explain --api-version={GROUP}/v1 crontab.spec.image",
                has=(
                    "KIND:       CronTab",
                    "FIELD: image <string>",
                    "The image that the jobs run.",
                ),
            ),
        ),
    ),
    Check(
        name="custom_definition_takes_its_objects_along",
        docs=f"{CRD}#delete-a-customresourcedefinition",
        given=f"{DEFINITION}---{CRONTAB}",
        steps=(
            Step(
                run=f"delete crd crontabs.{GROUP} --timeout=20s",
                out=f'customresourcedefinition.apiextensions.k8s.io "crontabs.{GROUP}" deleted\n',
            ),
            Step(
                run=f"get crontabs.{GROUP}",
                code=1,
                err_has=('the server doesn\'t have a resource type "crontabs"',),
            ),
        ),
    ),
    Check(
        name="create_twice_already_exists",
        docs="reference/using-api/api-concepts/",
        given=manifests.CONFIG,
        steps=(
            Step(
                run="create configmap settings",
                code=1,
                err='error: failed to create configmap: configmaps "settings" already exists\n',
            ),
            Step(
                run="create -f -",
                stdin=manifests.CONFIG,
                code=1,
                err='Error from server (AlreadyExists): error when creating "STDIN": configmaps '
                '"settings" already exists\n',
            ),
        ),
    ),
    Check(
        name="create_in_a_missing_namespace_is_not_found",
        docs="concepts/overview/working-with-objects/namespaces/",
        steps=(
            Step(
                run="create -n {ns}-nowhere -f -",
                stdin=manifests.CONFIG,
                code=1,
                err='Error from server (NotFound): error when creating "STDIN": namespaces '
                '"{ns}-nowhere" not found\n',
            ),
        ),
    ),
    Check(
        name="invalid_name_is_refused",
        docs="concepts/overview/working-with-objects/names/",
        steps=(
            Step(
                run="create -f -",
                stdin="{apiVersion: v1, kind: ConfigMap, metadata: {name: Not_A_Name}}",
                code=1,
                err_has=(
                    (
                        'The ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: '
                        '"Not_A_Name": a lowercase RFC 1123 subdomain must consist of'
                    ),
                ),
            ),
        ),
    ),
    Check(
        name="invalid_selector_is_refused",
        docs="concepts/workloads/controllers/deployment/#selector",
        steps=(
            Step(
                run="create -f -",
                stdin=manifests.DEPLOYMENT.replace(
                    "matchLabels: {app: web}", "matchLabels: {app: other}"
                ),
                code=1,
                err_has=(
                    'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value',
                    "`selector` does not match template `labels`",
                ),
            ),
        ),
    ),
    Check(
        name="immutable_field_is_refused",
        docs="concepts/configuration/configmap/#configmap-immutable",
        given=manifests.CONFIG.replace("\ndata:", "\nimmutable: true\ndata:"),
        steps=(
            Step(
                run='patch cm settings -p \'{"data":{"colour":"red"}}\'',
                code=1,
                err_has=("data: Forbidden: field is immutable when `immutable` is set",),
            ),
        ),
    ),
)
