"""Measures how long an update of a gateway takes, by one that changes nothing that serves."""

from bascule.app.gateways.hands import Hands
from bascule.app.gateways.rehearsals import Rehearsal, keep_rehearsal
from bascule.azure.document import Document, object_at
from bascule.errors import PlanError
from bascule.gateway.appgw.adoption import REHEARSED_TAG, with_tags
from bascule.gateway.ownership import owner_of


async def check_rehearsal(hands: Hands) -> Document:
    """Return the gateway as it is. Raises PlanError where it is somebody else's."""
    document = await hands.read()
    owner = owner_of(object_at(document, "tags"))
    if owner not in {"", hands.settings.owner}:
        raise PlanError(
            f"the gateway is tagged as {owner}, that of another Bascule",
            remedy="measure it from where that one runs",
        )
    return document


async def rehearse_update(hands: Hands) -> Rehearsal:
    """Write the gateway as it is but for the tag that says when; return how long that took.

    Raises PlanError where the gateway is somebody else's, and what writing raises.
    """
    document = await check_rehearsal(hands)
    at = hands.clock.now()

    def change(document: Document) -> Document:
        return with_tags(document, {REHEARSED_TAG: at.isoformat(timespec="seconds")})

    written = await hands.writer(hands.owns(document)).write(change)
    rehearsal = Rehearsal(at=at, took_s=written.done_s - written.sent_s)
    keep_rehearsal(hands.state_dir, rehearsal)
    return rehearsal
