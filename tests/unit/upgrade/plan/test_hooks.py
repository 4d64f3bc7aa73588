from bascule.upgrade.plan.hooks import hook_key, plan_hooks
from bascule.upgrade.run.stages import Stage
from tests.support.specs import read_upgrade

SPEC = read_upgrade("""
hooks:
- {name: warm, after: sync, run: [./warm.sh, green], timeout: 10s, repeatable: true}
- {name: copy, after: verify, run: [./copy.sh], undo: [./uncopy.sh]}
""")


def test_a_hook_comes_after_its_place_only() -> None:
    assert [step.key for step in plan_hooks(SPEC, "sync", Stage.SYNC)] == ["hook-warm"]
    assert list(plan_hooks(SPEC, "bake", Stage.BAKE)) == []


def test_a_hook_carries_its_command_and_how_it_may_be_repeated() -> None:
    (step,) = plan_hooks(SPEC, "sync", Stage.SYNC)

    assert step.args == {
        "run": ["./warm.sh", "green"],
        "timeout_s": 10.0,
        "is_repeatable": True,
        "undo": None,
    }
    assert "it is not undone in a rollback; at most 10s" in step.reason


def test_a_hook_with_an_undo_is_undone() -> None:
    (step,) = plan_hooks(SPEC, "verify", Stage.VERIFY)

    assert step.args["undo"] == ["./uncopy.sh"]
    assert "it is undone in a rollback" in step.reason


def test_the_key_of_a_hook_bears_its_name() -> None:
    assert hook_key("copy") == "hook-copy"
