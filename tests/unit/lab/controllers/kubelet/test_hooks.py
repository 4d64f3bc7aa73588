import pytest

from bascule.lab.controllers.kubelet.hooks import sleep_s


@pytest.mark.parametrize(
    ("handler", "seconds"),
    [
        pytest.param({"sleep": {"seconds": 5}}, 5, id="sleep"),
        pytest.param({"exec": {"command": ["sleep", "0.5"]}}, 0.5, id="exec"),
        pytest.param(
            {"exec": {"command": ["/bin/sh", "-c", "sleep 3; nginx -s quit"]}}, 3, id="sh"
        ),
        pytest.param({"exec": {"command": ["nginx", "-s", "quit"]}}, 0, id="something else"),
        pytest.param({"httpGet": {"port": 80}}, 0, id="http"),
    ],
)
def test_a_hook_waits_as_long_as_it_sleeps(handler: dict[str, object], seconds: float) -> None:
    found = sleep_s(handler)

    assert found == seconds
