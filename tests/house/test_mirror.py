"""Each pure module has its own test file at the mirrored place."""

from tests.house import rules


def _pure_modules() -> list[str]:
    packages = [
        str(path.relative_to(rules.SRC))
        for package in rules.PURE_PACKAGES
        for path in (rules.SRC / package).rglob("*.py")
        if path.name != "__init__.py"
    ]
    return sorted([*packages, *rules.PURE_MODULES])


def test_every_pure_module_has_its_own_test_file() -> None:
    tests = rules.ROOT / "tests" / "unit"

    missing = []
    for module in _pure_modules():
        path = tests / module
        if not path.with_name(f"test_{path.name}").exists():
            missing.append(module)

    # Ports hold no behaviour of their own: contract suites test what fulfils them.
    ports = {"journal/store.py", "upgrade/ports.py"}
    assert sorted(set(missing) - ports) == []


def test_every_unit_test_file_tests_a_module_that_exists() -> None:
    tests = rules.ROOT / "tests" / "unit"

    orphans = []
    for path in tests.rglob("test_*.py"):
        module = path.relative_to(tests).with_name(path.name.removeprefix("test_"))
        source = rules.SRC / module
        if not source.exists() and not (source.with_suffix("") / "__init__.py").exists():
            orphans.append(str(path.relative_to(rules.ROOT)))

    assert orphans == []
