from bascule.upgrade.run.results import Absent, Done, Failed, InDoubt, Refused, Unknown, Waits


def test_what_a_step_comes_to_says_why() -> None:
    found: list[Done | Failed | Waits | Refused | InDoubt | Unknown] = [
        Done(reason="a"),
        Failed(reason="a"),
        Waits(reason="a"),
        Refused(reason="a"),
        InDoubt(reason="a"),
        Unknown(reason="a"),
    ]

    assert {result.reason for result in found} == {"a"}
    assert Absent() == Absent()
