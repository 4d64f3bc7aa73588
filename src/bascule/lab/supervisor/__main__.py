"""`python -m bascule.lab.supervisor --dir DIR`: the process that `bascule lab up` leaves behind."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from bascule.errors import BasculeError
from bascule.lab.supervisor.description import LabDirectory
from bascule.lab.supervisor.supervise import Supervisor

_log = logging.getLogger("bascule.lab.supervisor")


def main() -> int:
    """Run the supervisor of one lab."""
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog="python -m bascule.lab.supervisor")
    parser.add_argument("--dir", type=Path, required=True)
    directory = LabDirectory(parser.parse_args().dir)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    lab = directory.load()
    if lab is None:
        _log.error("there is no lab in %s", directory.path)
        return 2
    try:
        asyncio.run(Supervisor(directory, lab).run())
    except BasculeError as error:
        _log.error("%s", error.message)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
