"""What the documents say is what the code does."""

import re
import tomllib
from pathlib import Path

import bascule.errors
from tests.house import rules

TEXTS = (
    "README.md",
    "ARCHITECTURE.md",
    "GLOSSARY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
)


def _exit_codes() -> dict[str, int]:
    return {
        name: value.exit_code
        for name, value in vars(bascule.errors).items()
        if isinstance(value, type) and issubclass(value, bascule.errors.BasculeError)
    }


def test_the_texts_of_the_house_are_there() -> None:
    assert [name for name in TEXTS if not (rules.ROOT / name).read_text().strip()] == []


def test_the_architecture_page_is_at_most_250_lines() -> None:
    lines = (rules.ROOT / "ARCHITECTURE.md").read_text().splitlines()

    assert len(lines) <= 250


def test_every_invariant_names_a_test_that_exists() -> None:
    text = (rules.ROOT / "ARCHITECTURE.md").read_text()

    named = re.findall(r"`(tests/[^`:]+)(?:::[^`]+)?`", text)

    assert named
    assert [name for name in named if not (rules.ROOT / name).exists()] == []


def test_every_package_is_in_the_architecture_page() -> None:
    text = (rules.ROOT / "ARCHITECTURE.md").read_text()
    packages = [path.parent.relative_to(rules.SRC) for path in rules.SRC.glob("*/__init__.py")]

    assert [str(p) for p in packages if f"`{p}`" not in text] == []


def test_the_table_of_exit_codes_is_current() -> None:
    text = (rules.ROOT / "docs/reference/exit-codes.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", text, flags=re.MULTILINE))

    assert rows == {name: str(code) for name, code in sorted(_exit_codes().items())}


def test_every_dependency_is_argued_for() -> None:
    project = tomllib.loads((rules.ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *(d for deps in extras.values() for d in deps)]
    names = {
        re.split(r"[<>=\[]", line)[0] for line in (*wanted, *project["dependency-groups"]["dev"])
    }
    text = (rules.ROOT / "docs/adr/0002-dependencies.md").read_text()

    assert sorted(name for name in names - {"bascule"} if f"`{name}`" not in text) == []


def test_every_lint_exception_gives_its_reason() -> None:
    bare = re.compile(r"# (?:noqa|type: ignore)(?!(?:: |\[)[A-Za-z0-9, \-\]]+ *(?:#|—|-).+)")
    places = [
        f"{path.relative_to(rules.ROOT)}:{number}"
        for path in _python_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]

    assert places == []


def test_the_pinned_requirements_name_no_registry() -> None:
    text = (rules.ROOT / "requirements/dev.txt").read_text()

    assert re.findall(r"https?://|--index|--find-links|@ file", text) == []


def _python_files() -> list[Path]:
    return [
        path
        for folder in ("src", "tests", "benchmarks", "scripts")
        for path in (rules.ROOT / folder).rglob("*.py")
        if path != Path(__file__)
    ]
