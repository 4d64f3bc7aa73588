import pytest

from bascule.lab.arm.answers import (
    answer_begun,
    answer_deployment,
    answer_location,
    wait_header,
)
from bascule.lab.arm.operation_pages import answer_poll, is_operation_page
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply
from bascule.lab.arm.world import ArmWorld
from tests.support.arm_world import RG, S, make_world, request

GATEWAY = f"{RG}/providers/Microsoft.Network/applicationGateways/g"
CLUSTER = f"{RG}/providers/Microsoft.ContainerService/managedClusters/c"
DEPLOYMENT = f"{RG}/providers/Microsoft.Resources/deployments/d"
ERROR = {"code": "Canceled", "message": "Operation was canceled.", "details": [{"code": "More"}]}


def keep(world: ArmWorld, status: str = "InProgress") -> Operation:
    operation = Operation(
        id="0b0b", name="Put", resource_id=GATEWAY, begun_s=0, duration_s=1, status=status
    )
    operation.begun_at = world.clock.now()
    if operation.is_ended:
        operation.ended_at = world.clock.now()
    world.operations.keep(operation)
    return operation


def poll(world: ArmWorld, url: str) -> ArmReply:
    path = url.partition("?")[0].removeprefix(world.settings.url)
    assert is_operation_page(parse_path(path))
    return answer_poll(world, request("GET", path))


def test_the_network_provider_says_nothing_but_the_status() -> None:
    world = make_world()
    operation = keep(world)
    reply = answer_begun(
        world, request("PUT", GATEWAY), operation, status=200, body={}, has_location=True
    )

    url = reply.headers["Azure-AsyncOperation"]
    below = f"{world.settings.url}{S}/providers/Microsoft.Network/locations/chinanorth2"
    assert url == f"{below}/operations/0b0b?api-version=2026-01-01"
    assert reply.headers["Location"].startswith(f"{below}/operationResults/0b0b")
    assert reply.headers["Azure-AsyncNotification"] == "Enabled"
    assert poll(world, url).body == {"status": "InProgress"}
    operation.status, operation.error = "Canceled", ERROR
    assert poll(world, url).body == {"status": "Canceled", "error": ERROR}
    assert operation.polls == 2


def test_aks_says_name_and_times_at_an_old_version() -> None:
    world = make_world()
    operation = keep(world)
    url = answer_begun(world, request("PUT", CLUSTER), operation, status=201).headers[
        "Azure-AsyncOperation"
    ]

    assert url.endswith("/operations/0b0b?api-version=2016-03-30")
    running = poll(world, url).body
    assert running == {
        "name": "0b0b",
        "status": "InProgress",
        "startTime": "2026-01-01T00:00:00.000000Z",
    }
    operation.status, operation.ended_at, operation.error = "Failed", world.clock.now(), ERROR
    ended = poll(world, url).body
    assert (ended["endTime"], ended["error"]) == ("2026-01-01T00:00:00.000000Z", ERROR)


def test_a_deployment_runs_rather_than_being_in_progress() -> None:
    world = make_world()
    operation = keep(world)
    reply = answer_deployment(
        world, request("PUT", DEPLOYMENT), operation, status=201, body={"name": "d"}
    )

    url = reply.headers["Azure-AsyncOperation"]
    assert url == f"{world.settings.url}{DEPLOYMENT}/operationStatuses/0b0b?api-version=2026-01-01"
    assert poll(world, url).body == {"status": "Running"}


@pytest.mark.parametrize(("path", "status"), [(GATEWAY, 204), (RG, 200)])
def test_a_location_answers_202_until_there_is_a_result(path: str, status: int) -> None:
    world = make_world()
    operation = keep(world)
    location = answer_location(world, request("DELETE", path), operation).headers["Location"]

    running = poll(world, location)
    assert (running.status, running.headers["Location"]) == (202, location.replace("?", "?"))
    operation.status = "Succeeded"
    assert (poll(world, location).status, poll(world, location).body) == (status, None)
    operation.result = {"backendAddressPools": []}
    assert poll(world, location).body == {"backendAddressPools": []}
    operation.status, operation.error = "Failed", ERROR
    with pytest.raises(ArmRefusal, match="Canceled") as refused:
        poll(world, location)
    assert refused.value.details == ({"code": "More"},)


def test_another_providers_status_has_a_name() -> None:
    world = make_world()
    keep(world, "Succeeded")
    page = f"{S}/providers/Microsoft.Compute/locations/chinanorth2/operations/0B0B"

    assert answer_poll(world, request("GET", page)).body == {"status": "Succeeded", "name": "0b0b"}


def test_an_operation_that_nobody_began_is_not_found() -> None:
    page = f"{S}/providers/Microsoft.Network/locations/chinanorth2/operations/none"

    with pytest.raises(ArmRefusal, match="OperationNotFound"):
        answer_poll(make_world(), request("GET", page))
    assert not is_operation_page(parse_path(GATEWAY))


def test_short_waits_stand_in_a_header_of_their_own_since_sdks_want_whole_seconds() -> None:
    assert wait_header(0) == {}
    assert wait_header(2) == {"Retry-After": "2"}
    assert wait_header(0.25) == {"retry-after-ms": "250"}
    assert wait_header(0.0001) == {"retry-after-ms": "1"}
