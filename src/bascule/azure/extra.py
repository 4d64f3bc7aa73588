"""Says what to install when the packages of the extra `azure` are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from bascule.errors import UsageError


@contextmanager
def needs_azure() -> Iterator[None]:
    """Turn a failed import inside into a UsageError."""
    try:
        yield
    except ImportError as error:
        raise UsageError(
            f"Azure takes a package that is not installed: {error.name or error}",
            remedy="install it with: pip install 'bascule[azure]'",
        ) from error
