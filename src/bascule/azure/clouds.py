"""Where each of Azure's clouds answers, and for whom its tokens are made."""

from dataclasses import dataclass, field

from bascule.azure.trust import SYSTEM_TRUST, Trust
from bascule.errors import SpecError

AKS_SERVER_AUDIENCE = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application `Azure Kubernetes Service AAD Server`; its id is the same in every cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffixes:
    """How names of a cloud's services end; empty where its metadata do not say."""

    storage: str = ""
    registry: str = ""
    key_vault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One of Azure's clouds. No URL ends with a slash; `audience` is as it must be sent."""

    name: str
    resource_manager: str
    login: str
    audience: str
    """For whom a token for ARM is made; its scope is this with `/.default` behind it."""
    graph: str = ""
    aks_server_audience: str = AKS_SERVER_AUDIENCE
    suffixes: Suffixes = field(default_factory=Suffixes)
    is_custom: bool = False
    """Known by its metadata endpoint only; Microsoft's instance discovery knows nothing of it."""

    @property
    def scope(self) -> str:
        """The scope of tokens for ARM."""
        return f"{self.audience}/.default"


CLOUDS = (
    Cloud(
        name="AzureCloud",
        resource_manager="https://management.azure.com",
        login="https://login.microsoftonline.com",
        audience="https://management.azure.com",
        graph="https://graph.microsoft.com",
        suffixes=Suffixes(
            storage="core.windows.net", registry="azurecr.io", key_vault="vault.azure.net"
        ),
    ),
    Cloud(
        name="AzureChinaCloud",
        resource_manager="https://management.chinacloudapi.cn",
        login="https://login.chinacloudapi.cn",
        audience="https://management.chinacloudapi.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        suffixes=Suffixes(
            storage="core.chinacloudapi.cn", registry="azurecr.cn", key_vault="vault.azure.cn"
        ),
    ),
    Cloud(
        name="AzureUSGovernment",
        resource_manager="https://management.usgovcloudapi.net",
        login="https://login.microsoftonline.us",
        audience="https://management.core.usgovcloudapi.net",
        graph="https://graph.microsoft.us",
        suffixes=Suffixes(
            storage="core.usgovcloudapi.net",
            registry="azurecr.us",
            key_vault="vault.usgovcloudapi.net",
        ),
    ),
)


def find_cloud(name: str) -> Cloud:
    """Return a cloud by its name, without regard to case; raises SpecError for an unknown one."""
    for cloud in CLOUDS:
        if cloud.name.lower() == name.lower():
            return cloud
    raise SpecError(
        f"no cloud of Azure is named {name!r}",
        remedy="name one of "
        + ", ".join(cloud.name for cloud in CLOUDS)
        + ", or the https URL of a Resource Manager that answers /metadata/endpoints",
    )


async def fetch_cloud(url: str, *, trust: Trust = SYSTEM_TRUST) -> Cloud:
    """Return what the Resource Manager at `url` says of its cloud."""
    raise NotImplementedError(url, trust)
