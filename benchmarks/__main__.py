"""Runs the named benchmarks (all without names), each in a process of its own, and writes the page.

`python -m benchmarks [NAME ...]`; ends with 1 when a required target is missed.
"""

import subprocess
import sys

from benchmarks.figures import PAGE, read_sections, render_page

NAMES = (
    "switch_latency",
    "takeover",
    "endpoint_change",
    "rolling_restart",
    "translation",
    "appgw_translation",
    "appgw_switch",
    "appgw_takeover",
    "appgw_churn",
    "startup",
    "runtime_size",
    "gates",
)
SECONDS_MAX = 900


def main(arguments: list[str]) -> int:
    """Run and render; an unknown name is a mistake."""
    names = arguments or list(NAMES)
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no benchmark named {unknown[0]}; there are: {', '.join(NAMES)}")
        return 2
    for name in names:
        print(f"== {name}", flush=True)
        subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], check=True, timeout=SECONDS_MAX
        )
    sections = read_sections(NAMES)
    PAGE.write_text(render_page(sections))
    missed = [t.text for s in sections for t in s.targets if t.is_required and not t.is_met]
    for text in missed:
        print(f"required and missed: {text}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
