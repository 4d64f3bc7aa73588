"""Asks the activity log of Azure who changed a gateway. Entries come late, by minutes."""

from datetime import datetime, timedelta

import structlog

from bascule.azure.client import ArmClient
from bascule.azure.resource_id import ResourceId
from bascule.errors import ApiError, TransportError
from bascule.gateway.appgw.rivals import Event, parse_events

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway.appgw")

SKEW_S = 300.0
"""By how much our clock may be ahead of Azure's; so much earlier the log is read."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Trail:
    """The activity log of one gateway."""

    def __init__(self, client: ArmClient, gateway_id: str) -> None:
        self._client = client
        self._gateway_id = gateway_id
        self._path = (
            f"/subscriptions/{ResourceId(gateway_id).subscription}"
            "/providers/Microsoft.Insights/eventtypes/management/values"
        )
        self._is_silent = False

    async def read(self, since: datetime) -> tuple[Event, ...] | None:
        """Return the changes of the gateway since a moment of our clock; None: not to be read."""
        begins = since - timedelta(seconds=SKEW_S)
        wanted = (
            f"eventTimestamp ge '{begins.strftime(_TIME)}' and resourceUri eq '{self._gateway_id}'"
        )
        try:
            found = await self._client.list(self._path, {"$filter": wanted})
        except (ApiError, TransportError) as error:
            self._tell(error)
            return None
        self._is_silent = False
        return parse_events(found, self._gateway_id)

    def _tell(self, error: ApiError | TransportError) -> None:
        """Warn once: without the log other writers are seen late or not at all."""
        if not self._is_silent:
            _LOG.warning("the activity log cannot be read", why=error.message, remedy=error.remedy)
        self._is_silent = True
