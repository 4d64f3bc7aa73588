from bascule.checks.azure.unreadable import Unreadable


def test_what_cannot_be_read_says_what_and_why() -> None:
    part = Unreadable(what="the quotas", reason="forbidden")

    assert (part.what, part.reason, part.remedy) == ("the quotas", "forbidden", "")
