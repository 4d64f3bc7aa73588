"""`kubectl get`, in every form that people and scripts read."""

from tests.integration.kubectl import manifests
from tests.integration.kubectl.check import Check, Step

PAGE = "reference/kubectl/generated/kubectl_get/"

CHECKS = (
    Check(
        name="get_prints_a_table",
        docs=PAGE,
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="get deployments",
                rows=("NAME READY UP-TO-DATE AVAILABLE AGE", "web 2/2 2 2 AGE"),
            ),
        ),
        feature="tables",
    ),
    Check(
        name="get_wide_prints_more_columns",
        docs=PAGE,
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="get deployment web -o wide",
                rows=(
                    "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR",
                    "web 2/2 2 2 AGE web shop/web:1 app=web",
                ),
            ),
        ),
    ),
    Check(
        name="get_wide_pod_names_node_and_address",
        docs=PAGE,
        given=manifests.POD,
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(
                run="get pod box -o wide",
                rows=(
                    "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES",
                    "box 1/1 Running 0 AGE 127.*.*.* * <none> <none>",
                ),
            ),
        ),
    ),
    Check(
        name="get_yaml_prints_the_object",
        docs="reference/kubectl/#output-options",
        given=manifests.CONFIG,
        steps=(
            Step(
                run="get configmap settings -o yaml",
                like=(
                    'apiVersion: v1\ndata:\n  colour: blue\n  size: "3"\nkind: ConfigMap\n'
                    'metadata:\n  creationTimestamp: "[0-9TZ:-]+"\n  labels:\n    app: shop\n'
                    "    tier: web\n  name: settings\n  namespace: {ns}\n"
                    '  resourceVersion: "[0-9]+"\n  uid: [0-9a-f-]{36}\n'
                ),
            ),
        ),
    ),
    Check(
        name="get_json_prints_a_list",
        docs="reference/kubectl/#output-options",
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(
                run="get configmaps -l app -o json",
                has=('"kind": "List"', '"name": "settings"', '"name": "other"'),
            ),
        ),
    ),
    Check(
        name="get_name_prints_type_and_name",
        docs="reference/kubectl/#output-options",
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(Step(run="get cm -l app -o name", out="configmap/other\nconfigmap/settings\n"),),
    ),
    Check(
        name="get_jsonpath_ranges_over_items",
        docs="reference/kubectl/jsonpath/",
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(
                run="get cm -l app -o jsonpath='{range .items[*]}{.metadata.name}={.data.colour};"
                "{end}'",
                out="other=red;settings=blue;",
            ),
        ),
    ),
    Check(
        name="get_custom_columns",
        docs="reference/kubectl/#custom-columns",
        given=manifests.CONFIG,
        steps=(
            Step(
                run="get cm settings -o custom-columns=NAME:.metadata.name,COLOUR:.data.colour",
                rows=("NAME COLOUR", "settings blue"),
            ),
        ),
    ),
    Check(
        name="get_go_template",
        docs="reference/kubectl/#output-options",
        given=manifests.CONFIG,
        steps=(
            Step(
                run="get cm settings -o go-template='{{.metadata.name}}/{{index .data \"size\"}}'",
                out="settings/3",
            ),
        ),
    ),
    Check(
        name="get_by_equality_selector",
        docs="concepts/overview/working-with-objects/labels/#label-selectors",
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(run="get cm -l app=shop -o name", out="configmap/settings\n"),
            Step(run="get cm -l app,app!=shop -o name", out="configmap/other\n"),
        ),
        feature="label-selectors",
    ),
    Check(
        name="get_by_set_selector",
        docs="concepts/overview/working-with-objects/labels/#label-selectors",
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(run="get cm -l 'app in (shop,news)' -o name", out="configmap/settings\n"),
            Step(run="get cm -l 'app,app notin (shop)' -o name", out="configmap/other\n"),
            Step(run="get cm -l 'app,!tier' -o name", out="configmap/other\n"),
        ),
    ),
    Check(
        name="get_by_field_selector",
        docs="concepts/overview/working-with-objects/field-selectors/",
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(
                run="get cm --field-selector metadata.name=other -o name",
                out="configmap/other\n",
            ),
            Step(
                run="get cm --field-selector foo.bar=baz",
                code=1,
                err_has=(
                    "Error from server (BadRequest)",
                    '"foo.bar" is not a known field selector: only "metadata.name"',
                ),
            ),
        ),
        feature="field-selectors",
    ),
    Check(
        name="get_several_kinds_prefixes_the_names",
        docs=PAGE,
        given=f"{manifests.DEPLOYMENT}---{manifests.SERVICE}",
        steps=(
            Step(run="get deploy,svc -o name", out="deployment.apps/web\nservice/web\n"),
            Step(run="get deploy/web svc/web -o name", out="deployment.apps/web\nservice/web\n"),
        ),
    ),
    Check(
        name="get_all_lists_the_category",
        docs=PAGE,
        given=f"{manifests.DEPLOYMENT}---{manifests.SERVICE}",
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="get all -o name",
                like=(
                    r"pod/web-\w+-\w+\npod/web-\w+-\w+\nservice/web\ndeployment.apps/web\n"
                    r"replicaset.apps/web-\w+\n"
                ),
            ),
        ),
    ),
    Check(
        name="get_show_labels_and_label_columns",
        docs=PAGE,
        given=manifests.CONFIG,
        steps=(
            Step(
                run="get cm settings --show-labels",
                rows=("NAME DATA AGE LABELS", "settings 2 AGE app=shop,tier=web"),
            ),
            Step(
                run="get cm settings -L tier",
                rows=("NAME DATA AGE TIER", "settings 2 AGE web"),
            ),
        ),
    ),
    Check(
        name="get_without_headers_sorted",
        docs=PAGE,
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(
                run="get cm -l app --no-headers --sort-by={.data.colour}",
                rows=("settings 2 AGE", "other 1 AGE"),
            ),
        ),
    ),
    Check(
        name="get_in_chunks_returns_everything",
        docs="reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks",
        given=f"{manifests.CONFIG}---{manifests.SECOND_CONFIG}",
        steps=(
            Step(
                run="get cm -l app --chunk-size=1 -o name",
                out="configmap/other\nconfigmap/settings\n",
            ),
            Step(
                run="get --raw '/api/v1/namespaces/{ns}/configmaps?limit=1'",
                has=('"continue":', '"remainingItemCount":'),
            ),
        ),
    ),
    Check(
        name="get_nothing_says_so",
        docs=PAGE,
        steps=(
            Step(
                run="get pods",
                out="",
                err="No resources found in {ns} namespace.\n",
            ),
        ),
    ),
    Check(
        name="get_missing_object_is_not_found",
        docs="reference/using-api/api-concepts/",
        steps=(
            Step(
                run="get pod nobody",
                code=1,
                out="",
                err='Error from server (NotFound): pods "nobody" not found\n',
            ),
            Step(run="get pod nobody --ignore-not-found", out="", err=""),
        ),
    ),
    Check(
        name="get_unknown_type_is_refused",
        docs="reference/kubectl/",
        steps=(
            Step(
                run="get unicorns",
                code=1,
                err='error: the server doesn\'t have a resource type "unicorns"\n',
            ),
        ),
    ),
    Check(
        name="describe_shows_spec_and_events",
        docs="reference/kubectl/generated/kubectl_describe/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="describe deployment web",
                has=(
                    "Name:                   web\n",
                    "Namespace:              {ns}\n",
                    "Selector:               app=web\n",
                    "2 desired | 2 updated | 2 total | 2 available | 0 unavailable",
                    "StrategyType:           RollingUpdate\n",
                    "ScalingReplicaSet",
                ),
            ),
        ),
    ),
    Check(
        name="describe_pod_shows_its_containers",
        docs="reference/kubectl/generated/kubectl_describe/",
        given=manifests.POD,
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(
                run="describe pod box",
                has=("Status:           Running", "Image:          shop/box:1", "Ready           "),
            ),
        ),
    ),
    Check(
        name="describe_service_lists_endpoints",
        docs="reference/kubectl/generated/kubectl_describe/",
        given=f"{manifests.DEPLOYMENT}---{manifests.SERVICE}",
        steps=(
            Step(run="rollout status deployment/web --timeout=30s"),
            Step(
                run="wait --for=jsonpath='{.endpoints[1].conditions.ready}'=true "
                "endpointslice -l kubernetes.io/service-name=web --timeout=30s",
            ),
            Step(
                run="describe service web",
                has=("Selector:", "app=web", "Endpoints:", ":8080"),
            ),
        ),
    ),
    Check(
        name="logs_of_an_unknown_container_are_refused",
        docs="reference/kubectl/generated/kubectl_logs/",
        given=manifests.POD,
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(
                run="logs box -c nothere",
                code=1,
                err_has=("container nothere is not valid for pod box",),
            ),
            Step(
                run="logs box --previous",
                code=1,
                err='Error from server (BadRequest): previous terminated container "box" in pod '
                '"box" not found\n',
            ),
        ),
    ),
    Check(
        name="programs_cannot_be_run_in_containers_and_it_is_said",
        docs="reference/kubectl/generated/kubectl_exec/",
        given=manifests.POD,
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(run="exec box -- ls", code=1, err_has=("exec is not supported",)),
            Step(run="cp box:/etc/hosts hosts", code=1, err_has=("exec is not supported",)),
            Step(run="port-forward box :80", code=1, err_has=("portforward is not supported",)),
        ),
    ),
    Check(
        name="events_of_a_pod",
        docs="reference/kubectl/generated/kubectl_events/",
        given=manifests.POD,
        steps=(
            Step(run="wait --for=condition=Ready pod/box --timeout=30s"),
            Step(run="events --for pod/box", has=("Scheduled", "Started", "Pod/box")),
            Step(run="get events --field-selector involvedObject.name=box", has=("Scheduled",)),
        ),
    ),
)
