"""Each pure module has its own test file at the mirrored place."""

from tests.house import rules


def test_every_pure_module_has_its_own_test_file() -> None:
    tests = rules.ROOT / "tests" / "unit"

    paths = [tests / module for module in rules.pure_modules()]

    assert [p.name for p in paths if not p.with_name(f"test_{p.name}").exists()] == []


def test_every_unit_test_file_tests_a_module_that_exists() -> None:
    tests = rules.ROOT / "tests" / "unit"

    orphans = []
    for path in tests.rglob("test_*.py"):
        module = path.relative_to(tests).with_name(path.name.removeprefix("test_"))
        source = rules.SRC / module
        if not source.exists() and not (source.with_suffix("") / "__init__.py").exists():
            orphans.append(str(path.relative_to(rules.ROOT)))

    assert orphans == []
