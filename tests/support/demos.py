"""Starts `bascule demo` as a process, and finds what runs because of it."""

import os
import subprocess
import sys
from pathlib import Path

MARK = "BASCULE_TEST_MARK"
"""Every process of a demo inherits this, so that its own can be told from others'."""


def start_demo(mark: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bascule", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, MARK: mark},
        text=True,
    )


def environments(mark: str) -> list[dict[str, str]]:
    """Return the environment of each process that carries `mark`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            text = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        variables = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
        if variables.get(MARK) == mark:
            found.append(variables)
    return found
