import pytest

from bascule.lab.controllers.kubelet.restarts import backoff_s, is_pullable, runs_again


@pytest.mark.parametrize(
    ("policy", "code", "expected"),
    [("Always", 0, True), ("OnFailure", 0, False), ("OnFailure", 1, True), ("Never", 1, False)],
)
def test_the_policy_decides_whether_it_runs_again(
    policy: str, code: int, *, expected: bool
) -> None:
    assert runs_again(policy, code) is expected


def test_pauses_grow_to_five_minutes() -> None:
    assert [backoff_s(restarts) for restarts in (0, 1, 2, 3, 50)] == [0, 10, 20, 40, 300]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", True),
        ("example.test/shop/web:1", True),
        ("registry.invalid/web:1", False),
        ("registry.invalid:5000/web:1", False),
        ("nginx:does-not-exist", False),
    ],
)
def test_the_lab_has_every_image_but_those_that_say_they_are_missing(
    image: str, *, expected: bool
) -> None:
    assert is_pullable(image) is expected
