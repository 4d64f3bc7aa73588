"""Where each of Azure's clouds answers, and for whom its tokens are made."""

import json
from dataclasses import dataclass, field, replace
from typing import Self

from bascule.azure.document import Document, list_at, text_at, texts_at
from bascule.azure.errors import read_error
from bascule.azure.trust import SYSTEM_TRUST, Trust, build_ssl_context
from bascule.errors import SpecError, TransportError

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
    logs: str = ""
    """Where logs are queried, and for whom such a token is made; empty: this cloud does not say."""
    aks_server_audience: str = AKS_SERVER_AUDIENCE
    suffixes: Suffixes = field(default_factory=Suffixes)
    is_custom: bool = False
    """Known by its metadata endpoint only; Microsoft's instance discovery knows nothing of it."""

    def __post_init__(self) -> None:
        for url in (self.resource_manager, self.login):
            if not url.startswith("https://") or url.endswith("/"):
                raise SpecError(
                    f"{url or 'nothing'} is no address for the cloud {self.name}",
                    remedy="tokens are sent over https only: give https:// addresses",
                )

    @property
    def scope(self) -> str:
        """The scope of tokens for ARM."""
        return f"{self.audience}/.default"

    def for_logs(self) -> Self:
        """Return the cloud as who queries its logs sees it: another address, other tokens.

        Raises SpecError where the cloud does not say where they are queried.
        """
        return replace(self, resource_manager=self.logs, audience=self.logs)


CLOUDS = (
    Cloud(
        name="AzureCloud",
        resource_manager="https://management.azure.com",
        login="https://login.microsoftonline.com",
        audience="https://management.azure.com",
        graph="https://graph.microsoft.com",
        logs="https://api.loganalytics.io",
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
        logs="https://api.loganalytics.azure.cn",
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
        logs="https://api.loganalytics.us",
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


async def resolve_cloud(text: str, *, trust: Trust = SYSTEM_TRUST) -> Cloud:
    """Return the cloud that a user named: by its name, or by the URL of its Resource Manager."""
    if "://" in text:
        return await fetch_cloud(text, trust=trust)
    return find_cloud(text)


async def fetch_cloud(url: str, *, trust: Trust = SYSTEM_TRUST) -> Cloud:
    """Return what the Resource Manager at `url` says of its cloud; nothing secret is sent."""
    import aiohttp

    root = url.rstrip("/")
    request = f"GET {root}{METADATA_PATH}"
    if not root.startswith("https://"):
        raise SpecError(
            f"{url!r} is no address of a Resource Manager", remedy="it begins with https://"
        )
    timeout = aiohttp.ClientTimeout(total=METADATA_TIMEOUT_S)
    connector = aiohttp.TCPConnector(ssl=build_ssl_context(trust))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=True, timeout=timeout) as http,
            http.get(root + METADATA_PATH, params={"api-version": METADATA_VERSION}) as answer,
        ):
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransportError(
            f"{request}: {str(error) or 'no answer in time'}",
            remedy="check the address, and name the authority's bundle by SSL_CERT_FILE",
        ) from error
    if answer.status != 200:
        raise read_error(answer.status, body, answer.headers, request=request)
    return parse_metadata(root, body)


METADATA_PATH = "/metadata/endpoints"
METADATA_VERSION = "2022-09-01"
METADATA_TIMEOUT_S = 30.0


def parse_metadata(url: str, body: bytes) -> Cloud:
    """Return the cloud that metadata describe: one object, or a list with that of `url` in it.

    Raises SpecError when they do not say where to sign in and for whom.
    """
    found = _choose(url, _parse(url, body))
    login = text_at(found, "authentication", "loginEndpoint").rstrip("/")
    audiences = texts_at(found, "authentication", "audiences")
    if not login or not audiences:
        raise SpecError(
            f"the metadata of {url} do not say where to sign in and for whom",
            remedy=f"check that {url} is a Resource Manager",
        )
    known = {cloud.login for cloud in CLOUDS}
    return Cloud(
        name=text_at(found, "name") or url,
        resource_manager=url,
        login=login,
        audience=audiences[0],
        graph=_graph(found),
        logs=text_at(found, "logAnalyticsResourceId").rstrip("/"),
        suffixes=Suffixes(
            storage=text_at(found, "suffixes", "storage"),
            registry=text_at(found, "suffixes", "acrLoginServer"),
            key_vault=text_at(found, "suffixes", "keyVaultDns"),
        ),
        is_custom=login not in known,
    )


def _parse(url: str, body: bytes) -> tuple[Document, ...]:
    try:
        parsed: object = json.loads(body)
    except ValueError:
        parsed = None
    found = list_at({"clouds": parsed if isinstance(parsed, list) else [parsed]}, "clouds")
    if not found:
        raise SpecError(
            f"{url} does not answer as a Resource Manager",
            remedy="give the address that `az cloud show` calls resourceManager",
        )
    return found


def _choose(url: str, clouds: tuple[Document, ...]) -> Document:
    own = [each for each in clouds if text_at(each, "resourceManager").rstrip("/") == url]
    return (own or list(clouds))[0]


def _graph(found: Document) -> str:
    named = text_at(found, "microsoftGraphResourceId") or text_at(found, "graph")
    return named.rstrip("/")
