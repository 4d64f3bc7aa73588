"""What each method does to one resource of Microsoft.Network, whether it is there or not."""

from collections.abc import Callable
from dataclasses import dataclass

from bascule.lab.arm.network.documents import not_allowed, not_found
from bascule.lab.arm.requests import ArmReply, ArmRequest
from bascule.lab.arm.resources import Document


def _as_it_is(document: Document) -> Document:
    return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """How one type of resource takes each method."""

    put: Callable[[ArmRequest, Document | None], ArmReply]
    patch: Callable[[ArmRequest, Document], ArmReply]
    delete: Callable[[ArmRequest, Document], ArmReply]
    show: Callable[[Document], Document] = _as_it_is

    def answer(self, request: ArmRequest, previous: Document | None) -> ArmReply:
        """Answer for the resource of which `previous` is what there is. Raises ArmRefusal."""
        if request.method == "PUT":
            return self.put(request, previous)
        if request.method not in {"GET", "PATCH", "DELETE"}:
            raise not_allowed(request)
        if previous is None:
            if request.method == "DELETE":
                return ArmReply(status=204)
            raise not_found(request.path)
        match request.method:
            case "PATCH":
                return self.patch(request, previous)
            case "DELETE":
                return self.delete(request, previous)
            case _:
                shown = self.show(previous)
                return ArmReply(body=shown, headers={"ETag": shown["etag"]})
