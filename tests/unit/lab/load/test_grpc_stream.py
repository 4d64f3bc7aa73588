from bascule.lab.load.grpc_stream import encode_message, frame, take_messages


def test_messages_are_taken_whole_however_they_arrive() -> None:
    messages = [encode_message("one"), encode_message("two")]
    wire = b"".join(frame(message) for message in messages)
    received = bytearray()
    taken = []
    for byte in wire:
        received.append(byte)
        taken += take_messages(received)

    assert taken == messages
    assert not received
