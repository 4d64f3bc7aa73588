from dataclasses import replace

from bascule.azure.document import text_at
from bascule.azure.resource_id import ResourceId
from bascule.checks.findings import Finding
from bascule.platform.desired.ids import ROLES
from bascule.platform.desired.model import Later, Resource
from bascule.platform.green.grants import build_green_grants, find_writers, role_name
from bascule.platform.green.model import BlueFacts, Federated
from tests.support.blue_cluster import BLUE_ID, GROUP, ISSUER, NODE_GROUP, build_blue_document
from tests.support.fake_arm import SUBSCRIPTION
from tests.support.platforms import GREEN, SMALL, read_ids

READER = ROLES["Reader"]
APP = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"


def _assignment(scope: str, principal: str, role: str = READER) -> dict[str, object]:
    definition = f"/subscriptions/s/providers/x/roleDefinitions/{role}"
    return {
        "properties": {"scope": scope, "principalId": principal, "roleDefinitionId": definition}
    }


def _credential(principal: str = "app") -> Federated:
    return Federated(
        id=f"{APP}/federatedIdentityCredentials/in-old",
        principal=principal,
        issuer=ISSUER,
        subject="system:serviceaccount:shop:app",
        audiences=("api://AzureADTokenExchange",),
    )


def _build(
    facts: BlueFacts, controller: ResourceId | None = None
) -> tuple[tuple[Resource, ...], tuple[Finding, ...]]:
    return build_green_grants(read_ids(SMALL + GREEN), facts, controller=controller)


def _facts(*assignments: dict[str, object], **more: object) -> BlueFacts:
    return BlueFacts(cluster=build_blue_document(**more), assignments=assignments)


def test_what_blues_identity_may_do_greens_may_too() -> None:
    (grant,), findings = _build(
        _facts(_assignment(f"{GROUP}/providers/p/t/registry", "blue-nodes"))
    )

    assert findings == ()
    assert grant.title == "Reader on registry for the nodes of new"
    assert isinstance(grant.document["properties"], dict)
    assert grant.document["properties"]["principalId"] == Later(
        of=read_ids(SMALL + GREEN).cluster("new"),
        path=("properties", "identityProfile", "kubeletidentity", "objectId"),
        what="the principal of the nodes of new",
    )


def test_a_role_on_blue_itself_becomes_one_on_green() -> None:
    (grant,), _ = _build(_facts(_assignment(BLUE_ID, "blue-principal")))

    assert grant.id.scope.endswith("/managedClusters/new")
    assert [need.name for need in grant.needs] == ["new"]


def test_a_role_in_blues_node_group_is_its_own_business() -> None:
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{NODE_GROUP}"

    assert _build(_facts(_assignment(scope, "blue-principal"))) == ((), ())


def test_roles_of_others_and_at_strange_scopes_are_left_out() -> None:
    found = _build(_facts(_assignment(GROUP, "somebody"), _assignment("/", "blue-principal")))

    assert found == ((), ())


def test_a_role_on_a_management_group_is_given_again() -> None:
    scope = "/providers/Microsoft.Management/managementGroups/all"

    (grant,), _ = _build(_facts(_assignment(scope, "blue-principal")))

    assert grant.id.scope == scope


def test_the_add_on_that_writes_the_gateway_gets_nothing() -> None:
    addons = {
        "ingressApplicationGateway": {"enabled": True, "identity": {"objectId": "agic"}},
        "azurepolicy": {"enabled": True, "identity": {"objectId": "policy"}},
    }

    grants, findings = _build(
        _facts(
            _assignment(GROUP, "agic"),
            _assignment(GROUP, "policy"),
            properties__addonProfiles=addons,
        )
    )

    assert [grant.title for grant in grants] == ["Reader on rg for azurepolicy of new"]
    assert [finding.code for finding in findings] == ["GatewayWriterLeftOut"]


def test_who_signed_in_from_blue_signs_in_from_green() -> None:
    facts = replace(_facts(), credentials=(_credential(),))

    (credential,), _ = _build(facts)

    assert credential.id.name == "new-in-old"
    assert text_at(credential.document, "properties", "subject") == (
        "system:serviceaccount:shop:app"
    )


def test_who_writes_the_gateway_does_not_sign_in_from_green() -> None:
    facts = replace(_facts(), credentials=(_credential("agic"),), writers=frozenset({"agic"}))

    grants, findings = _build(facts)

    assert grants == ()
    assert [finding.subject for finding in findings] == ["system:serviceaccount:shop:app"]


def test_the_controllers_credentials_are_made_by_its_spec() -> None:
    facts = replace(_facts(), credentials=(_credential(),))

    assert _build(facts, ResourceId(APP)) == ((), ())


def test_a_credential_of_no_identity_is_passed_over() -> None:
    odd = replace(_credential(), id="/subscriptions/s")

    assert _build(replace(_facts(), credentials=(odd,))) == ((), ())


def test_without_a_green_nothing_is_given() -> None:
    facts = _facts(_assignment(GROUP, "somebody"))

    assert build_green_grants(read_ids(), facts, controller=None) == ((), ())


def test_writers_have_a_role_on_the_gateway_or_a_writing_one_around_it() -> None:
    gateway = read_ids().gateway

    found = find_writers(
        [
            _assignment(GROUP, "contributor", ROLES["Contributor"]),
            _assignment(GROUP, "reader"),
            _assignment(str(gateway), "own-role", "custom"),
            _assignment(str(gateway), "looks-only"),
            _assignment(f"{GROUP}/providers/x/y/z", "elsewhere", ROLES["Owner"]),
        ],
        gateway,
    )

    assert found == {"contributor", "own-role"}


def test_a_role_that_is_not_known_is_named_by_its_id() -> None:
    assert role_name("/x/roleDefinitions/Some-Guid") == "Some-Guid"
    assert role_name(f"/x/roleDefinitions/{READER}") == "Reader"
