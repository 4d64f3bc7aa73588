"""What the lab's cloud is: the metadata endpoints, in both shapes that clients ask for."""

from collections.abc import Mapping
from typing import Any, Final

CLOUD: Final = "lab"
OLD_LIST: Final = "2019-05-01"
LOGS: Final = "loganalytics"
"""Below which logs are queried; tokens for that are made for this address."""


def describe_cloud(url: str, query: Mapping[str, str]) -> Any:
    """Return the cloud's endpoints; `url` is where all of them answer."""
    old = {
        "portal": f"{url}/portal",
        "authentication": {
            "loginEndpoint": url,
            "audiences": [url, f"{url}/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "media": url,
        "graphAudience": f"{url}/",
        "graph": f"{url}/",
        "name": CLOUD,
        "suffixes": {
            "azureDataLakeStoreFileSystem": "azuredatalakestore.lab.invalid",
            "acrLoginServer": "azurecr.lab.invalid",
            "sqlServerHostname": "database.lab.invalid",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.lab.invalid",
            "keyVaultDns": "vault.lab.invalid",
            "storage": "core.lab.invalid",
            "azureFrontDoorEndpointSuffix": "azurefd.lab.invalid",
        },
        "batch": f"{url}/",
        "resourceManager": url,
        "vmImageAliasDoc": f"{url}/aliases.json",
        "activeDirectoryDataLake": f"{url}/",
        "sqlManagement": f"{url}/",
        "gallery": f"{url}/",
    }
    if query.get("api-version") == OLD_LIST:
        return [old]
    return {
        **old,
        "microsoftGraphResourceId": f"{url}/",
        "appInsightsResourceId": url,
        "logAnalyticsResourceId": f"{url}/{LOGS}",
    }
