import re

from bascule.checks.azure import actions


def test_every_action_names_a_provider_and_what_is_done() -> None:
    names = [value for key, value in vars(actions).items() if key.isupper() and key[0] != "_"]

    assert len(names) == len(set(names)) > 15
    assert all(re.fullmatch(r"Microsoft\.\w+(/\w+)+/(read|write|delete|action)", n) for n in names)
