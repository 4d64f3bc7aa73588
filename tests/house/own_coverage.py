"""Is each pure module covered by its own test file? Reads `.coverage` with a context per file.

Run as `python -m tests.house.own_coverage` after `coverage run -m pytest -p
tests.house.file_contexts` on the tests that `--list` names. A module below the bar is measured once
more with its test file alone: what another test had cached counts as its own then.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from coverage import Coverage
from coverage.python import PythonFileReporter
from coverage.results import analysis_from_file_reporter

from tests.house import rules

LINES_PERCENT_MIN = 100
BRANCHES_PERCENT_MIN = 95

# Today's gaps, by module: lines and branches in percent. They may only rise, and the list shrink.
GAPS: dict[str, tuple[float, float]] = {}


def measure(coverage: Coverage, module: str) -> tuple[float, float]:
    """Return percent of lines and of branches of `module` that its own test file runs."""
    coverage.get_data().set_query_contexts([rf"^{re.escape(str(own_test(module)))}$|^$"])
    return compute_percents(coverage, module)


def compute_percents(coverage: Coverage, module: str) -> tuple[float, float]:
    """Return percent of lines and of branches of `module` in what is queried."""
    path = str(rules.SRC / module)
    reporter = PythonFileReporter(path, coverage)
    numbers = analysis_from_file_reporter(
        coverage.get_data(), coverage.config.precision, reporter, path
    ).numbers
    lines = 100 * numbers.n_executed / max(numbers.n_statements, 1)
    branches = numbers.n_executed_branches / numbers.n_branches if numbers.n_branches else 1
    return round(lines, 1), round(100 * branches, 1)


def measure_alone(module: str) -> tuple[float, float]:
    """Run the module's test file by itself and return what it covers."""
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/coverage"
        command = [sys.executable, "-m", "coverage", "run", "--data-file", data, "-m", "pytest"]
        command += ["-q", str(own_test(module)), "-p", "no:cacheprovider"]
        subprocess.run(command, check=True, cwd=rules.ROOT, stdout=subprocess.DEVNULL)
        coverage = Coverage(data_file=data)
        coverage.load()
        return compute_percents(coverage, module)


def list_tests() -> list[str]:
    """Return the tests of pure modules: the ones that run under coverage."""
    packages = [f"tests/unit/{package}" for package in rules.PURE_PACKAGES]
    return [*packages, *(str(own_test(module)) for module in rules.PURE_MODULES)]


def own_test(module: str) -> Path:
    """Return the test file of a module."""
    path = Path("tests/unit", module)
    return path.with_name(f"test_{path.name}")


def main() -> int:
    """Print each module below the bar; return 1 if there is one that is not a known gap."""
    coverage = Coverage()
    coverage.load()
    worse = 0
    for module in rules.pure_modules():
        bar = GAPS.get(module, (LINES_PERCENT_MIN, BRANCHES_PERCENT_MIN))
        found = measure(coverage, module)
        if found[0] < bar[0] or found[1] < bar[1]:
            found = measure_alone(module)
        if found[0] < bar[0] or found[1] < bar[1]:
            worse += 1
            lines, branches = found
            sys.stdout.write(
                f"{module}: {lines} % of lines, {branches} % of branches by its own test file\n"
            )
    return 1 if worse else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        sys.stdout.write("\n".join(list_tests()) + "\n")
        sys.exit(0)
    sys.exit(main())
