from pathlib import Path

import msgspec
import pytest

from bascule.errors import UsageError
from bascule.lab.load.plan import Lane, LaneKind, Plan, Target, load_plan, parse_plan


def plan(**changes: object) -> bytes:
    target = Target(host="shop.example", address="127.66.0.1", port=80)
    lane = Lane(name="keep", kind=LaneKind.KEEP_ALIVE, target=target, rate=100.0)
    fields: dict[str, object] = msgspec.to_builtins(Plan(lanes=(lane,)))
    lane_fields: dict[str, object] = msgspec.to_builtins(lane)
    target_fields: dict[str, object] = msgspec.to_builtins(target)
    for key, value in changes.items():
        for part in (fields, lane_fields, target_fields):
            if key in part:
                part[key] = value
    return msgspec.json.encode(fields | {"lanes": [lane_fields | {"target": target_fields}]})


def test_a_plan_within_the_limits_is_taken() -> None:
    assert parse_plan(plan()).lanes[0].interval_s == 0.01


@pytest.mark.parametrize("address", ["10.0.0.1", "8.8.8.8", "::2", "shop.example", "localhost"])
def test_nothing_but_a_loopback_address_is_sent_to(address: str) -> None:
    with pytest.raises(UsageError, match="loopback"):
        parse_plan(plan(address=address))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"rate": 1e6}, "rate"),
        ({"rate": 0}, "no rate"),
        ({"duration_max_s": 1e6}, "duration"),
        ({"rate": 19_000, "duration_max_s": 800}, "requests"),
        ({"users": 1_000_000}, "users"),
        ({"kind": "carrier-pigeon"}, "kind"),
    ],
    ids=["fast", "no-rate", "long", "many", "users", "kind"],
)
def test_an_unbounded_or_broken_plan_is_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        parse_plan(plan(**changes))


def test_a_plan_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        load_plan(tmp_path / "none.json")


def test_a_plan_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(plan())

    assert load_plan(tmp_path / "plan.json").timeout_s == 5.0
