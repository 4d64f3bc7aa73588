"""`kubectl create`, `run` and `expose`: what they make and what they say."""

from tests.integration.kubectl import manifests
from tests.integration.kubectl.check import Check, Step

PAGE = "reference/kubectl/generated/kubectl_create/"

CHECKS = (
    Check(
        name="create_namespace",
        docs=f"{PAGE}kubectl_create_namespace/",
        steps=(
            Step(run="create namespace {ns}-second", out="namespace/{ns}-second created\n"),
            Step(
                run="get namespace {ns}-second",
                rows=("NAME STATUS AGE", "{ns}-second Active AGE"),
            ),
        ),
        feature="protobuf",
    ),
    Check(
        name="create_deployment_with_replicas_and_port",
        docs=f"{PAGE}kubectl_create_deployment/",
        steps=(
            Step(
                run="create deployment web --image=shop/web:1 --replicas=3 --port=8080",
                out="deployment.apps/web created\n",
            ),
            Step(
                run="get deployment web -o jsonpath='{.spec.replicas} {.spec.selector.matchLabels} "
                "{.spec.template.spec.containers[0].ports[0].containerPort}'",
                out='3 {"app":"web"} 8080',
            ),
        ),
    ),
    Check(
        name="create_deployment_gets_the_defaults_of_the_api",
        docs="concepts/workloads/controllers/deployment/",
        steps=(
            Step(run="create deployment web --image=shop/web:1"),
            Step(
                run="get deployment web -o jsonpath='{.spec.strategy.type} "
                "{.spec.strategy.rollingUpdate.maxSurge} {.spec.revisionHistoryLimit} "
                "{.spec.progressDeadlineSeconds} {.spec.template.spec.restartPolicy} "
                "{.spec.template.spec.terminationGracePeriodSeconds}'",
                out="RollingUpdate 25% 10 600 Always 30",
            ),
        ),
        feature="defaults",
    ),
    Check(
        name="create_service_clusterip",
        docs=f"{PAGE}kubectl_create_service_clusterip/",
        steps=(
            Step(
                run="create service clusterip my-cs --tcp=5678:8080",
                out="service/my-cs created\n",
            ),
            Step(
                run="get service my-cs",
                rows=(
                    "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE",
                    "my-cs ClusterIP 10.96.*.* <none> 5678/TCP AGE",
                ),
            ),
        ),
    ),
    Check(
        name="create_service_nodeport_takes_a_port_of_the_range",
        docs="concepts/services-networking/service/",
        steps=(
            Step(run="create service nodeport np --tcp=80", out="service/np created\n"),
            Step(
                run="get service np -o jsonpath='{.spec.ports[0].nodePort}'",
                like=r"3[0-2]\d\d\d",
            ),
        ),
    ),
    Check(
        name="create_service_externalname_has_no_cluster_ip",
        docs=f"{PAGE}kubectl_create_service_externalname/",
        steps=(
            Step(
                run="create service externalname my-ns --external-name bar.com",
                out="service/my-ns created\n",
            ),
            Step(
                run="get service my-ns",
                rows=(
                    "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE",
                    "my-ns ExternalName <none> bar.com <none> AGE",
                ),
            ),
        ),
    ),
    Check(
        name="create_configmap_from_literals",
        docs=f"{PAGE}kubectl_create_configmap/",
        steps=(
            Step(
                run="create configmap my-config --from-literal=key1=config1 "
                "--from-literal=key2=config2",
                out="configmap/my-config created\n",
            ),
            Step(
                run="get configmap my-config",
                rows=("NAME DATA AGE", "my-config 2 AGE"),
            ),
        ),
    ),
    Check(
        name="create_secret_generic_is_opaque_and_encoded",
        docs=f"{PAGE}kubectl_create_secret_generic/",
        steps=(
            Step(
                run="create secret generic my-secret --from-literal=user=admin",
                out="secret/my-secret created\n",
            ),
            Step(
                run="get secret my-secret",
                rows=("NAME TYPE DATA AGE", "my-secret Opaque 1 AGE"),
            ),
            Step(run="get secret my-secret -o jsonpath='{.data.user}'", out="YWRtaW4="),
        ),
    ),
    Check(
        name="create_job_runs_to_completion",
        docs=f"{PAGE}kubectl_create_job/",
        steps=(
            Step(
                run="create job my-job --image=busybox -- date",
                out="job.batch/my-job created\n",
            ),
            Step(
                run="wait --for=condition=complete job/my-job --timeout=30s",
                out="job.batch/my-job condition met\n",
            ),
            Step(
                run="get job my-job",
                rows=(
                    "NAME STATUS COMPLETIONS DURATION AGE",
                    "my-job Complete 1/1 AGE AGE",
                ),
            ),
        ),
    ),
    Check(
        name="create_cronjob",
        docs=f"{PAGE}kubectl_create_cronjob/",
        steps=(
            Step(
                run="create cronjob my-job --image=busybox --schedule='0 0 1 1 *'",
                out="cronjob.batch/my-job created\n",
            ),
            Step(
                run="get cronjob my-job -o jsonpath='{.spec.schedule}|{.spec.concurrencyPolicy}|"
                "{.spec.suspend}'",
                out="0 0 1 1 *|Allow|false",
            ),
        ),
    ),
    Check(
        name="create_job_from_cronjob",
        docs=f"{PAGE}kubectl_create_job/",
        steps=(
            Step(run="create cronjob nightly --image=busybox --schedule='0 0 1 1 *'"),
            Step(
                run="create job test-job --from=cronjob/nightly",
                out="job.batch/test-job created\n",
            ),
            Step(
                run="get job test-job -o jsonpath='{.metadata.ownerReferences[0].kind}'",
                out="CronJob",
            ),
        ),
    ),
    Check(
        name="create_ingress_with_tls",
        docs=f"{PAGE}kubectl_create_ingress/",
        steps=(
            Step(
                run="create ingress simple --rule='foo.com/bar=svc1:8080,tls=my-cert'",
                out="ingress.networking.k8s.io/simple created\n",
            ),
            Step(
                run="get ingress simple",
                rows=(
                    "NAME CLASS HOSTS ADDRESS PORTS AGE",
                    "simple <none> foo.com 80, 443 AGE",
                ),
            ),
        ),
    ),
    Check(
        name="create_role_and_rolebinding",
        docs=f"{PAGE}kubectl_create_role/",
        steps=(
            Step(
                run="create role pod-reader --verb=get,list --resource=pods",
                out="role.rbac.authorization.k8s.io/pod-reader created\n",
            ),
            Step(
                run="create rolebinding readers --role=pod-reader --user=jane",
                out="rolebinding.rbac.authorization.k8s.io/readers created\n",
            ),
            Step(
                run="get rolebinding readers",
                rows=("NAME ROLE AGE", "readers Role/pod-reader AGE"),
            ),
        ),
    ),
    Check(
        name="create_quota",
        docs=f"{PAGE}kubectl_create_quota/",
        steps=(
            Step(
                run="create quota my-quota --hard=cpu=1,pods=2",
                out="resourcequota/my-quota created\n",
            ),
            Step(
                run="get quota my-quota -o jsonpath='{.spec.hard.cpu} {.spec.hard.pods}'",
                out="1 2",
            ),
        ),
    ),
    Check(
        name="create_poddisruptionbudget",
        docs=f"{PAGE}kubectl_create_poddisruptionbudget/",
        steps=(
            Step(
                run="create poddisruptionbudget my-pdb --selector=app=rails --min-available=1",
                out="poddisruptionbudget.policy/my-pdb created\n",
            ),
            Step(
                run="get pdb my-pdb",
                rows=(
                    "NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE",
                    "my-pdb 1 N/A 0 AGE",
                ),
            ),
        ),
    ),
    Check(
        name="create_serviceaccount",
        docs=f"{PAGE}kubectl_create_serviceaccount/",
        steps=(
            Step(
                run="create serviceaccount my-service-account",
                out="serviceaccount/my-service-account created\n",
            ),
            Step(
                run="get serviceaccount my-service-account",
                rows=("NAME SECRETS AGE", "my-service-account 0 AGE"),
            ),
        ),
    ),
    Check(
        name="create_priorityclass",
        docs=f"{PAGE}kubectl_create_priorityclass/",
        steps=(
            Step(
                run="create priorityclass {ns}-high --value=1000 --description=high",
                out="priorityclass.scheduling.k8s.io/{ns}-high created\n",
            ),
            Step(
                run="get priorityclass {ns}-high -o jsonpath='{.value} {.preemptionPolicy}'",
                out="1000 PreemptLowerPriority",
            ),
        ),
    ),
    Check(
        name="run_makes_a_pod_that_becomes_ready",
        docs="reference/kubectl/generated/kubectl_run/",
        steps=(
            Step(run="run nginx --image=nginx", out="pod/nginx created\n"),
            Step(
                run="wait --for=condition=Ready pod/nginx --timeout=30s",
                out="pod/nginx condition met\n",
            ),
            Step(
                run="get pod nginx",
                rows=("NAME READY STATUS RESTARTS AGE", "nginx 1/1 Running 0 AGE"),
            ),
        ),
    ),
    Check(
        name="expose_deployment_makes_a_service_with_its_selector",
        docs="reference/kubectl/generated/kubectl_expose/",
        given=manifests.DEPLOYMENT,
        steps=(
            Step(
                run="expose deployment web --port=80 --target-port=8000",
                out="service/web exposed\n",
            ),
            Step(
                run="get service web -o jsonpath='{.spec.selector} {.spec.ports[0].targetPort}'",
                out='{"app":"web"} 8000',
            ),
        ),
    ),
    Check(
        name="create_with_generate_name",
        docs="reference/using-api/api-concepts/#generated-values",
        steps=(
            Step(
                run="create -f - -o name",
                stdin="{apiVersion: v1, kind: ConfigMap, metadata: {generateName: run-}}",
                like=r"configmap/run-[a-z0-9]{5}\n",
            ),
        ),
    ),
    Check(
        name="create_dry_run_server_stores_nothing",
        docs="reference/using-api/api-concepts/#dry-run",
        steps=(
            Step(
                run="create configmap ghost --from-literal=a=b --dry-run=server",
                out="configmap/ghost created (server dry run)\n",
            ),
            Step(
                run="get configmap ghost",
                code=1,
                err='Error from server (NotFound): configmaps "ghost" not found\n',
            ),
        ),
        feature="dry-run",
    ),
)
