"""Who owns a field, and which changes are refused with which words."""

from tests.integration.kubectl import manifests
from tests.integration.kubectl.check import Check, Step

SSA = "reference/using-api/server-side-apply/"
CRD = "tasks/extend-kubernetes/custom-resources/custom-resource-definitions/"
NAMES = "concepts/overview/working-with-objects/names/"
LABELS = "concepts/overview/working-with-objects/labels/"
DEPLOYMENTS = "concepts/workloads/controllers/deployment/"
GROUP = "{ns}.example.com"
DEFINITION = manifests.crontab_definition(GROUP)
CRONTAB = manifests.crontab(GROUP)
DEPLOYMENT = manifests.DEPLOYMENT

CHECKS = (
    Check(
        name="apply_of_a_custom_object_creates_then_leaves_then_merges",
        docs=CRD,
        steps=(
            Step(run="create -f -", stdin=DEFINITION),
            Step(run=f"wait --for=condition=Established crd/crontabs.{GROUP} --timeout=10s"),
            Step(run="apply -f -", stdin=CRONTAB, out=f"crontab.{GROUP}/nightly created\n"),
            Step(run="apply -f -", stdin=CRONTAB, out=f"crontab.{GROUP}/nightly unchanged\n"),
            Step(
                run="apply -f -",
                stdin=CRONTAB.replace(", image: shop/backup, replicas: 3", ", replicas: 4"),
                out=f"crontab.{GROUP}/nightly configured\n",
            ),
            Step(
                run=f"get crontabs.{GROUP} nightly -o jsonpath={{.spec}}",
                out='{"cronSpec":"0 3 * * 1","replicas":4}',
            ),
        ),
        cleanup=(f"delete crd crontabs.{GROUP}",),
    ),
    Check(
        name="scaling_takes_the_field_from_the_applier",
        docs=f"{SSA}#transferring-ownership",
        steps=(
            Step(run="apply --server-side -f -", stdin=DEPLOYMENT),
            Step(run="scale deploy web --replicas=3", out="deployment.apps/web scaled\n"),
            Step(
                run="apply --server-side -f -",
                stdin=DEPLOYMENT,
                code=1,
                err_has=(
                    (
                        'Apply failed with 1 conflict: conflict with "kubectl" with subresource '
                        '"scale" using apps/v1: .spec.replicas'
                    ),
                ),
            ),
            Step(
                run="apply --server-side -f -",
                stdin=DEPLOYMENT.replace("  replicas: 2\n", ""),
                out="deployment.apps/web serverside-applied\n",
            ),
            Step(run="get deploy web -o jsonpath={.spec.replicas}", out="3"),
        ),
    ),
    Check(
        name="apply_server_side_removes_what_only_the_applier_owned",
        docs=f"{SSA}#field-management",
        steps=(
            Step(run="apply --server-side -f -", stdin=manifests.CONFIG),
            Step(
                run="apply --server-side -f -",
                stdin=manifests.CONFIG.replace(', size: "3"', ""),
                out="configmap/settings serverside-applied\n",
            ),
            Step(run="get cm settings -o jsonpath={.data}", out='{"colour":"blue"}'),
        ),
    ),
    Check(
        name="apply_server_side_names_the_field_that_no_schema_declares",
        docs=SSA,
        steps=(
            Step(
                run="apply --server-side -f -",
                stdin=DEPLOYMENT.replace('image: "shop/web:1"', 'image: a, imagee: "b"'),
                code=1,
                err_has=('.spec.template.spec.containers[name="web"].imagee: field not declared',),
            ),
        ),
    ),
    Check(
        name="a_selector_cannot_be_changed",
        docs=f"{DEPLOYMENTS}#label-selector-updates",
        given=DEPLOYMENT,
        steps=(
            Step(
                run="""patch deploy web --type=json -p '[{"op":"replace","path":"/spec/selector",
                "value":{"matchLabels":{"app":"x"}}}]'""",
                code=1,
                err_has=("`selector` does not match template `labels`", "field is immutable"),
            ),
        ),
    ),
    Check(
        name="a_name_must_be_a_dns_name",
        docs=f"{NAMES}#dns-subdomain-names",
        steps=(
            Step(
                run="create configmap A_b",
                code=1,
                err_has=("metadata.name: Invalid value", "a lowercase RFC 1123 subdomain"),
            ),
            Step(
                run="create service clusterip 1a --tcp=80",
                code=1,
                err_has=("a DNS-1035 label must consist of",),
            ),
        ),
    ),
    Check(
        name="a_selector_that_cannot_be_parsed_is_refused",
        docs=f"{LABELS}#label-selectors",
        steps=(
            Step(
                run="get pods -l 'a b'",
                code=1,
                err_has=("unable to parse requirement: found 'b', expected: in, notin",),
            ),
            Step(
                run="get pods --field-selector=spec.foo=x",
                code=1,
                err_has=("field label not supported: spec.foo",),
            ),
        ),
    ),
)
