"""Which environment variables a user's program gets: a short list, and those that are ours."""

from collections.abc import Mapping

PREFIX = "BASCULE_"
"""Every variable whose name begins so is handed on: the way to give a program a secret."""

HANDED_ON = frozenset(
    {
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "KUBECONFIG",
        "LANG",
        "LC_ALL",
        "LOGNAME",
        "NO_PROXY",
        "PATH",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "TZ",
        "USER",
    }
)


def build_environment(environ: Mapping[str, str], **added: str) -> dict[str, str]:
    """Return what of `environ` is handed on, and `added` over it."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in HANDED_ON or name.startswith(PREFIX)
    }
    return {**kept, **added}
