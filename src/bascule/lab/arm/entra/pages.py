"""Everything that is not ARM itself: what the cloud is, sign-in, and Graph."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import parse_qsl

from bascule.lab.arm.bodies import parse_body
from bascule.lab.arm.entra.graph import VERSIONS, Graph
from bascule.lab.arm.entra.metadata import describe_cloud
from bascule.lab.arm.entra.sign_in import SignIn
from bascule.lab.arm.entra.tokens import TokenDesk
from bascule.lab.arm.requests import ArmRefusal, ArmReply


class Wire(Protocol):
    """A request as it came."""

    @property
    def method(self) -> str:
        """In capitals."""
        ...

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the question mark."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    @property
    def body(self) -> bytes:
        """As it came."""
        ...


class EntraPages:
    """Answers below `/metadata`, `/v1.0` and `/TENANT`."""

    def __init__(self, desk: TokenDesk, sign_in: SignIn, graph: Graph) -> None:
        self.desk = desk
        self._sign_in = sign_in
        self._graph = graph

    async def answer(self, wire: Wire, segments: Sequence[str]) -> ArmReply:
        """Answer a request. Raises ArmRefusal."""
        lower = [segment.lower() for segment in segments]
        if lower == ["metadata", "endpoints"]:
            return ArmReply(body=describe_cloud(self.desk.url, wire.query))
        if lower[:1] and lower[0] in VERSIONS:
            self.desk.authenticate(wire.headers.get("authorization", ""))
            body = parse_body(wire.body)
            return self._graph.answer(wire.method, segments[1:], wire.query, body)
        if segments:
            form = dict(parse_qsl(wire.body.decode(errors="replace")))
            reply = await self._sign_in.answer(wire.method, segments, form)
            if reply is not None:
                return reply
        raise ArmRefusal(404, "NotFound", f"There is nothing at /{'/'.join(segments)}.")
