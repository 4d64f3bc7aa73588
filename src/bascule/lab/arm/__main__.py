"""`python -m bascule.lab.arm --dir DIR`: the process of a lab's Azure."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from bascule.lab.arm.process import run_azure
from bascule.lab.supervisor.description import LabDirectory

_log = logging.getLogger("bascule.lab.arm")


def main() -> int:
    """Run the Azure of one lab."""
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog="python -m bascule.lab.arm")
    parser.add_argument("--dir", type=Path, required=True)
    directory = LabDirectory(parser.parse_args().dir)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    lab = directory.load()
    if lab is None or lab.azure is None:
        _log.error("the lab in %s has no Azure", directory.path)
        return 2
    asyncio.run(run_azure(directory, lab.azure))
    return 0


if __name__ == "__main__":
    sys.exit(main())
