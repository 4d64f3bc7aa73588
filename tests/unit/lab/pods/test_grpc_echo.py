from bascule.lab.pods.grpc_echo import ECHO, HEALTH, MESSAGE_MAX_BYTES, route_grpc


def message(content: bytes) -> bytes:
    return b"\x00" + len(content).to_bytes(4, "big") + content


def test_each_message_goes_back_as_it_is_complete() -> None:
    call = route_grpc(ECHO)
    data = message(b"one") + message(b"two")

    assert call.receive(data[:4]) == b""
    assert call.receive(data[4:10]) == message(b"one")
    assert call.receive(data[10:]) == message(b"two")
    assert call.trailers() == [("grpc-status", "0")]


def test_a_message_past_the_limit_ends_the_call() -> None:
    call = route_grpc(ECHO)

    assert call.receive(b"\x00" + MESSAGE_MAX_BYTES.to_bytes(4, "big")) == b""
    assert call.trailers() == [("grpc-status", "8")]


def test_health_is_serving_and_other_methods_are_unknown() -> None:
    assert route_grpc(HEALTH).receive(message(b"")) == message(b"\x08\x01")
    refused = route_grpc("/shop.Cart/Add")
    assert refused.trailers()[0] == ("grpc-status", "12")
    assert dict(refused.headers())["content-type"] == "application/grpc"
