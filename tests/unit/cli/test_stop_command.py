from bascule.app.stopping import Stopped
from bascule.cli.stop_command import render_stopped


def test_what_was_ended_is_said() -> None:
    both = Stopped(runtime_pid=7, envoy_pid=8)
    neither = Stopped(runtime_pid=None, envoy_pid=None)

    assert render_stopped(both, is_in_azure=False) == [
        "the runtime (process 7) has ended",
        "Envoy (process 8) has ended",
    ]
    assert render_stopped(neither, is_in_azure=False) == [
        "no runtime was running",
        "no Envoy was ended",
    ]


def test_a_gateway_in_azure_goes_on_and_may_lead_to_an_envoy_that_is_no_more() -> None:
    alone = Stopped(runtime_pid=7, envoy_pid=None)
    behind = Stopped(runtime_pid=7, envoy_pid=8)

    assert render_stopped(alone, is_in_azure=True)[-1] == (
        "the gateway in Azure goes on as it was last written"
    )
    assert render_stopped(behind, is_in_azure=True)[-1] == (
        "the gateway in Azure goes on, and leads to an Envoy that has ended: start `bascule run`"
    )
