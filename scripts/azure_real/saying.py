"""Says what happens, for as long as somebody listens: who closes a terminal stops no removal."""

import os

_OUT, _ERROR = 1, 2


def tell(line: str) -> None:
    """Print a line; on standard error where standard output is closed, else nowhere."""
    try:
        print(line, flush=True)
    except OSError:
        _turn_output()
        print(line, flush=True)


def _turn_output() -> None:
    """Let what is printed from now on go where it can.

    Logs go to standard error, so that it has to take what is written as well.
    """
    try:
        os.write(_ERROR, b"standard output is closed\n")
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _ERROR)
        os.close(nowhere)
    os.dup2(_ERROR, _OUT)
