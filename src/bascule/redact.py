"""Keeps secrets out of text that reaches logs, journals, reports or people."""

import re

MASK = "[redacted]"

_PATTERNS = (
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
    ),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{6,}"),
    re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
    re.compile(r"""(?i)(?<=password=)[^\s&"']+|(?<=token=)[^\s&"']+|(?<=secret=)[^\s&"']+"""),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
    re.compile(
        r"""(?i)(?<="client-key-data": ")[^"]+|(?<=client-key-data: )\S+|(?<="token": ")[^"]+"""
    ),
)


def redact(text: str) -> str:
    """Return `text` with private keys, bearer tokens, JWTs and passwords in URLs masked."""
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return text
