"""Ports of the executor that measure, check and run nothing yet."""

from bascule.checks.findings import Finding
from bascule.errors import DriverError
from bascule.upgrade.ports import HookRun, Measured, Measuring


class NoChecks:
    """Implements `bascule.upgrade.ports.Checks`: finds nothing."""

    async def find(self) -> tuple[Finding, ...]:
        """Return no finding."""
        return ()


class NoMetrics:
    """Implements `bascule.upgrade.ports.Metrics`: measures nothing."""

    def measure(self, wanted: Measuring | None) -> None:
        """Do nothing."""

    def take(self) -> Measured:
        """Return nothing."""
        return Measured()


class NoHooks:
    """Implements `bascule.upgrade.ports.Hooks`: refuses."""

    async def run(self, hook: HookRun) -> str:
        """Raise DriverError."""
        raise DriverError(f"{hook.argv[0]} cannot be run here")
