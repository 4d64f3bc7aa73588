"""The lab's own pages, for members of `system:masters`: `/lab/faults` and `/lab/effects`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.access.users import MASTERS, User
from bascule.lab.kubeapi.faults import Cut, FaultBoard, Faults, parse_faults
from bascule.lab.kubeapi.http.answers import answer
from bascule.lab.kubeapi.http.call import Api, Call
from bascule.lab.kubeapi.http.reading import PinnedLists
from bascule.lab.kubeapi.http.watching import OpenWatch, Watches
from bascule.lab.kubeapi.objects.statuses import StatusError

PREFIX: Final = "/lab/"


class LabPages:
    """Puts faults in force; `on_outage` takes the server away."""

    def __init__(
        self,
        api: Api,
        board: FaultBoard,
        *,
        watches: Watches,
        pinned: PinnedLists,
        on_faults: Callable[[Faults], None],
    ) -> None:
        self._api = api
        self._board = board
        self._watches = watches
        self._pinned = pinned
        self._on_faults = on_faults

    async def page(self, request: web.BaseRequest, user: User) -> web.Response:
        """Answer a request for a page of the lab."""
        if MASTERS not in user.groups:
            message = f'forbidden: User "{user.name}" cannot reach the pages of the lab'
            raise StatusError(message, code=403, reason="Forbidden")
        if request.path == "/lab/effects" and self._api.effects is not None:
            return answer(dict(self._api.effects()))
        if request.path != "/lab/faults":
            raise refusals.unknown_path()
        match request.method:
            case "PUT":
                self.order(parse_faults(await request.read()))
            case "DELETE":
                self.order(Faults())
            case "GET":
                pass
            case _:
                raise StatusError("use GET, PUT or DELETE", code=405, reason="MethodNotAllowed")
        return answer(self._board.to_json())

    def order(self, faults: Faults) -> None:
        """Put these faults in force, and do now what they order for now."""
        self._board.set(faults)
        self._api.disabled = frozenset(faults.disabled_features)
        cut_by_action: Mapping[str, Callable[[OpenWatch], None]] = {
            "endWatches": OpenWatch.end,
            "tearWatches": OpenWatch.tear,
            "expireWatches": OpenWatch.expire,
        }
        for order in faults.now:
            if order.action == "forgetHistory":
                self._forget(order.match.resource)
                continue
            for watch in self._watches.select(partial(_is_meant, order)):
                cut_by_action[order.action](watch)
        self._on_faults(faults)

    def _forget(self, wanted: str) -> None:
        """Forget the history of one resource, or of all."""
        store = self._api.store
        chosen = (kind for kind in store.kinds() if wanted in {kind.resource, kind.plural})
        resources = [kind.storage_resource for kind in chosen]
        if resources or wanted in {"", "*"}:
            store.feed.forget(store.resource_version, resources)
            self._pinned.clear()


def _is_meant(order: Cut, call: Call) -> bool:
    return order.match.covers(call.target, call.user.name)
