"""Deprecated APIs: the warning that their users get, and the metric that counts them."""

from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.kinds import Kind, ServedVersion

Requested = tuple[str, str, str, str, str]
"""Group, version, resource, subresource, and the release that removes it (or nothing)."""


class DeprecatedUse:
    """Remembers which deprecated APIs were asked for since the start."""

    def __init__(self) -> None:
        self._requested: set[Requested] = set()

    def note(self, call: Call) -> None:
        """Warn the caller of a deprecated API, and remember the use."""
        version = call.version
        if not version.is_deprecated_in(call.store.minor):
            return
        call.warnings.append(warning(call.kind, version))
        removed = f"1.{version.removed_in}" if version.removed_in else ""
        target = call.target
        self._requested.add(
            (target.group, target.version, target.plural, target.subresource, removed)
        )

    def metrics(self) -> str:
        """Return the metric in the text format of Prometheus."""
        name = "apiserver_requested_deprecated_apis"
        lines = [
            f"# HELP {name} [STABLE] Gauge of deprecated APIs that have been requested.",
            f"# TYPE {name} gauge",
        ]
        for group, version, resource, subresource, removed in sorted(self._requested):
            labels = (
                f'group="{group}",removed_release="{removed}",resource="{resource}",'
                f'subresource="{subresource}",version="{version}"'
            )
            lines.append(f"{name}{{{labels}}} 1")
        return "\n".join((*lines, ""))


def warning(kind: Kind, version: ServedVersion) -> str:
    """Return what the Warning header says about a deprecated version."""
    text = f"{kind.api_version(version.name)} {kind.kind} is deprecated"
    if version.deprecated_in:
        text += f" in v1.{version.deprecated_in}+"
    if version.removed_in:
        text += f", unavailable in v1.{version.removed_in}+"
    if version.replacement:
        full = " " in version.replacement
        replacement = version.replacement if full else f"{version.replacement} {kind.kind}"
        text += f"; use {replacement}"
    return text
