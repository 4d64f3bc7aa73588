"""Property names and values of a gateway's document in Azure's own spelling.

Names arrive in any case (az itself sends `Port`, `FrontendIpConfiguration`, `Id`) and leave as
camelCase; values of enumerations likewise; nulls are dropped; what is not known is kept as it is.
"""

from collections.abc import Mapping
from typing import Any

from bascule.lab.arm.requests import ArmRefusal

_NAMES = """
id name type etag location tags zones identity properties extendedLocation managedBy
principalId tenantId clientId userAssignedIdentities
sku tier family capacity sslPolicy operationalState provisioningState resourceGuid
gatewayIPConfigurations authenticationCertificates trustedRootCertificates
trustedClientCertificates sslCertificates frontendIPConfigurations frontendPorts probes
backendAddressPools backendHttpSettingsCollection backendSettingsCollection httpListeners listeners
sslProfiles urlPathMaps requestRoutingRules routingRules rewriteRuleSets redirectConfigurations
webApplicationFirewallConfiguration firewallPolicy enableHttp2 enableFips autoscaleConfiguration
privateLinkConfigurations privateEndpointConnections customErrorConfigurations
forceFirewallPolicyAssociation loadDistributionPolicies globalConfiguration
defaultPredefinedSslPolicy entraJWTValidationConfigs entraJWTValidationConfig
disabledSslProtocols policyType policyName cipherSuites minProtocolVersion
subnet data password publicCertData keyVaultSecretId validatedCertData clientCertIssuerDN
privateIPAddress privateIPAllocationMethod publicIPAddress privateLinkConfiguration port
protocol host path interval timeout unhealthyThreshold pickHostNameFromBackendHttpSettings
pickHostNameFromBackendSettings minServers match body statusCodes enableProbeProxyProtocolHeader
backendIPConfigurations backendAddresses fqdn ipAddress
cookieBasedAffinity requestTimeout probe connectionDraining enabled drainTimeoutInSec hostName
pickHostNameFromBackendAddress affinityCookieName probeEnabled dedicatedBackendConnection
validateCertChainAndExpiry validateSNI sniName trustedRootCertificate
enableL4ClientIpPreservation
frontendIPConfiguration frontendPort hostNames sslCertificate sslProfile
requireServerNameIndication statusCode customErrorPageUrl enableHttp3
clientAuthConfiguration verifyClientCertIssuerDN verifyClientRevocation verifyClientAuthMode
defaultBackendAddressPool defaultBackendHttpSettings defaultRewriteRuleSet
defaultRedirectConfiguration defaultLoadDistributionPolicy pathRules paths backendAddressPool
backendHttpSettings backendSettings redirectConfiguration rewriteRuleSet loadDistributionPolicy
ruleType priority httpListener listener urlPathMap
rewriteRules ruleSequence conditions variable pattern ignoreCase negate actionSet
requestHeaderConfigurations responseHeaderConfigurations headerName headerValue headerValueMatcher
urlConfiguration modifiedPath modifiedQueryString reroute
redirectType targetListener targetUrl includePath includeQueryString
firewallMode ruleSetType ruleSetVersion disabledRuleGroups ruleGroupName rules requestBodyCheck
maxRequestBodySize maxRequestBodySizeInKb fileUploadLimitInMb exclusions matchVariable
selectorMatchOperator selector minCapacity maxCapacity enableRequestBuffering
enableResponseBuffering loadDistributionTargets loadDistributionAlgorithm weightPerServer
ipConfigurations primary privateEndpoint privateLinkServiceConnectionState linkIdentifier
disableDefaultServerHeaderInResponse reservedCapacity hsm keyId audiences
advancedRoutingMaps advancedRoutingMap advancedRoutingRules advancedRoutingConditionSet
routingConditions conditionType propertyName propertyValueMatcher propertyValues
defaultAuthConfigs authConfigs authenticationPolicy
"""
_NAME_BY_LOWER = {name.lower(): name for name in _NAMES.split()}

_OPAQUE = frozenset({"tags", "userAssignedIdentities"})
"""Their members' names belong to the user."""

_TLS_VERSIONS = ("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3")
_VALUES: Mapping[str, tuple[str, ...]] = {
    "protocol": ("Http", "Https", "Tcp", "Tls"),
    "cookieBasedAffinity": ("Enabled", "Disabled"),
    "ruleType": ("Basic", "PathBasedRouting"),
    "redirectType": ("Permanent", "Found", "SeeOther", "Temporary"),
    "privateIPAllocationMethod": ("Static", "Dynamic"),
    "policyType": ("Predefined", "Custom", "CustomV2"),
    "minProtocolVersion": _TLS_VERSIONS,
    "disabledSslProtocols": _TLS_VERSIONS,
    "firewallMode": ("Detection", "Prevention"),
    "loadDistributionAlgorithm": ("RoundRobin", "LeastConnections", "IpHash"),
}
_SKUS = ("Standard_v2", "WAF_v2", "Basic", "Standard_Small", "Standard_Medium", "Standard_Large")
_SKU_VALUES: Mapping[str, tuple[str, ...]] = {
    "name": (*_SKUS, "WAF_Medium", "WAF_Large"),
    "tier": ("Standard", "WAF", "Standard_v2", "WAF_v2", "Basic"),
    "family": ("Generation_1", "Generation_2"),
}


def canonical(value: Any, path: str = "") -> Any:
    """Return a document with names and values in Azure's spelling, without its nulls.

    `path` names the place, such as `properties.sku`. Raises ArmRefusal for a value that the
    enumeration of its property does not have.
    """
    if isinstance(value, Mapping):
        return {
            name: item if name in _OPAQUE else canonical(item, f"{path}.{name}")
            for name, item in _renamed(value)
        }
    if isinstance(value, list):
        return [canonical(each, path) for each in value]
    return _canonical_value(value, path) if isinstance(value, str) else value


def _renamed(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (_NAME_BY_LOWER.get(name.lower(), name), item)
        for name, item in value.items()
        if item is not None
    ]


def _canonical_value(value: str, path: str) -> str:
    place, _, name = path.rpartition(".")
    table = _SKU_VALUES if place.endswith(".sku") else _VALUES
    known = table.get(name)
    if known is None:
        return value
    for each in known:
        if each.lower() == value.lower():
            return each
    raise ArmRefusal(
        400,
        "InvalidRequestFormat",
        "Cannot parse the request.",
        details=[
            {
                "code": "InvalidJson",
                "message": f"Error converting value \"{value}\" at path '{path.lstrip('.')}'. "
                f"Known values are {', '.join(known)}.",
            }
        ],
    )
