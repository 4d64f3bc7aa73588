from bascule.programs.environment import build_environment


def test_only_what_every_program_needs_and_what_is_ours_is_handed_on() -> None:
    environ = {"PATH": "/bin", "AWS_SECRET": "s", "BASCULE_TOKEN": "t", "BASCULE_X": "old"}

    assert build_environment(environ, BASCULE_X="new") == {
        "PATH": "/bin",
        "BASCULE_TOKEN": "t",
        "BASCULE_X": "new",
    }
