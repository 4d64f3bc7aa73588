import pytest
import yaml

from bascule.app.kubeconfigs import rename_context
from bascule.errors import ApiError

FROM_AZURE = """\
apiVersion: v1
kind: Config
current-context: old
contexts:
- {name: other, context: {cluster: other, user: other}}
- {name: old, context: {cluster: old-cluster, user: clusterUser_rg_old, namespace: shop}}
clusters:
- {name: other, cluster: {server: "https://other"}}
- {name: old-cluster, cluster: {server: "https://old", certificate-authority-data: Q0E=}}
users:
- {name: other, user: {}}
- {name: clusterUser_rg_old, user: {token: hush}}
"""


def test_the_current_context_and_all_that_it_names_get_the_name_that_is_wanted() -> None:
    renamed = yaml.safe_load(rename_context(FROM_AZURE, "blue"))

    assert renamed["current-context"] == "blue"
    assert renamed["contexts"] == [
        {"name": "blue", "context": {"cluster": "blue", "user": "blue", "namespace": "shop"}}
    ]
    assert renamed["clusters"][0]["cluster"]["server"] == "https://old"
    assert renamed["users"] == [{"name": "blue", "user": {"token": "hush"}}]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a: [",
        FROM_AZURE.replace("current-context: old", "current-context: nobody"),
        FROM_AZURE.replace("user: clusterUser_rg_old,", ""),
        FROM_AZURE.replace("user: {token: hush}", "user: hush"),
    ],
)
def test_what_is_no_kubeconfig_is_refused_without_telling_its_content(text: str) -> None:
    with pytest.raises(ApiError, match="no kubeconfig") as refused:
        rename_context(text, "blue")

    assert "hush" not in str(refused.value)
