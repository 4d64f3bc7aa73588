"""Who may do what, who one is, and tokens."""

from tests.integration.kubectl import manifests
from tests.integration.kubectl.check import Check, Step

AUTH = "reference/kubectl/generated/kubectl_auth/"
READER = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
"""

CHECKS = (
    Check(
        name="auth_can_i_says_yes_to_the_administrator",
        docs=f"{AUTH}kubectl_auth_can-i/",
        steps=(Step(run="auth can-i create deployments", out="yes\n"),),
    ),
    Check(
        name="auth_can_i_follows_the_role",
        docs=f"{AUTH}kubectl_auth_can-i/",
        given=READER,
        steps=(
            Step(run="auth can-i list configmaps --as=jane", out="yes\n"),
            Step(run="auth can-i delete configmaps --as=jane", out="no\n", code=1),
            Step(run="auth can-i list configmaps --as=joe", out="no\n", code=1),
            Step(run="auth can-i list configmaps --as=jane -n default", out="no\n", code=1),
        ),
    ),
    Check(
        name="auth_can_i_list_shows_the_rules",
        docs=f"{AUTH}kubectl_auth_can-i/",
        given=READER,
        steps=(
            Step(
                run="auth can-i --list --as=jane",
                like=r".*configmaps +\[\] +\[\] +\[get list\]\n.*",
            ),
        ),
    ),
    Check(
        name="auth_whoami_shows_user_and_groups",
        docs=f"{AUTH}kubectl_auth_whoami/",
        steps=(
            Step(
                run="auth whoami",
                rows=(
                    "ATTRIBUTE VALUE",
                    "Username kubernetes-admin",
                    "Groups [system:masters system:authenticated]",
                ),
            ),
            Step(
                run="auth whoami --as=jane --as-group=devs -o "
                "jsonpath='{.status.userInfo.username} {.status.userInfo.groups}'",
                out='jane ["devs","system:authenticated"]',
            ),
        ),
    ),
    Check(
        name="forbidden_names_user_verb_and_resource",
        docs="reference/access-authn-authz/authorization/",
        given=f"{READER}---{manifests.CONFIG}",
        steps=(
            Step(run="get cm settings -o name --as=jane", out="configmap/settings\n"),
            Step(
                run="get pods --as=jane",
                code=1,
                err='Error from server (Forbidden): pods is forbidden: User "jane" cannot list '
                'resource "pods" in API group "" in the namespace "{ns}"\n',
            ),
            Step(
                run="delete cm settings --as=jane",
                code=1,
                err='Error from server (Forbidden): configmaps "settings" is forbidden: User '
                '"jane" cannot delete resource "configmaps" in API group "" in the namespace '
                '"{ns}"\n',
            ),
            Step(
                run="get nodes --as=jane",
                code=1,
                err='Error from server (Forbidden): nodes is forbidden: User "jane" cannot list '
                'resource "nodes" in API group "" at the cluster scope\n',
            ),
        ),
        feature="rbac",
    ),
    Check(
        name="create_token_makes_a_signed_token",
        docs="reference/kubectl/generated/kubectl_create/kubectl_create_token/",
        given="{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}",
        steps=(
            Step(run="create token robot", like=r"[\w-]+\.[\w-]+\.[\w-]+\n?"),
            Step(
                run="create token robot --duration=1m",
                code=1,
                err_has=("may not specify a duration less than 10 minutes",),
            ),
            Step(
                run="create token nobody",
                code=1,
                err_has=('serviceaccounts "nobody" not found',),
            ),
        ),
        feature="token-requests",
    ),
    Check(
        name="create_clusterrole_and_binding",
        docs="reference/kubectl/generated/kubectl_create/kubectl_create_clusterrole/",
        steps=(
            Step(
                run="create clusterrole {ns}-viewer --verb=get --resource=nodes",
                out="clusterrole.rbac.authorization.k8s.io/{ns}-viewer created\n",
            ),
            Step(
                run="create clusterrolebinding {ns}-b --clusterrole={ns}-viewer --user={ns}-joe",
                out="clusterrolebinding.rbac.authorization.k8s.io/{ns}-b created\n",
            ),
            Step(
                run="auth can-i get nodes --as={ns}-joe",
                out="yes\n",
                err="Warning: resource 'nodes' is not namespace scoped\n\n",
            ),
        ),
    ),
)
