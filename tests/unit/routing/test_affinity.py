from bascule.routing.affinity import Affinity, AffinityKind


def test_a_user_is_told_by_a_cookie_of_a_day_unless_said_otherwise() -> None:
    affinity = Affinity()

    assert (affinity.kind, affinity.name, affinity.ttl_s) == (
        AffinityKind.COOKIE,
        "bascule",
        86_400,
    )
