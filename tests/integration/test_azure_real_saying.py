"""What `make azure-real` says finds its way, and nothing ends because nobody listens."""

import subprocess
import sys

import pytest

from tests.house import rules

SPEAKER = """
import sys
from scripts.azure_real.saying import tell
tell("first")
sys.stdin.readline()
tell("second")
tell("third")
print("a log", file=sys.stderr, flush=True)
sys.exit(7)
"""


@pytest.mark.parametrize("error", ["open", "closed"])
def test_what_standard_output_does_not_take_goes_on_elsewhere(error: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SPEAKER],
        cwd=rules.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if error == "open" else subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        process.stdout.close()
        process.stdin.write("go on\n")
        process.stdin.close()
        said = process.stderr.read() if process.stderr is not None else ""

    assert process.returncode == 7
    if error == "open":
        assert said.splitlines() == ["standard output is closed", "second", "third", "a log"]
