"""Reads what it means that azure-core brings no answer: was anything sent, and is it lasting."""

import aiohttp
from azure.core.exceptions import AzureError, ServiceRequestTimeoutError

from bascule.azure.errors import NoAnswerError
from bascule.redact import redact

_REACH_REMEDY = "check that Azure can be reached from here (address, proxy, firewall)"
_TRUST_REMEDY = (
    "name the bundle that holds the authority by SSL_CERT_FILE or REQUESTS_CA_BUNDLE, "
    "and check this machine's clock"
)


def no_answer(error: AzureError, request: str, *, is_before: bool = False) -> NoAnswerError:
    """Return the error for `error`; `request` says what was asked of whom.

    `is_before`: it came of signing in, before the request itself.
    """
    cause = error.__cause__
    why = redact(str(cause or error)) or type(error).__name__
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return NoAnswerError(
            f"{request}: the server's certificate is not trusted: {why}",
            is_sent=False,
            is_lasting=True,
            remedy=_TRUST_REMEDY,
        )
    is_unsent = isinstance(cause, aiohttp.ClientConnectorError | aiohttp.InvalidURL)
    is_unsent = is_unsent or isinstance(error, ServiceRequestTimeoutError)
    return NoAnswerError(
        f"{request}: {why}", is_sent=not (is_unsent or is_before), remedy=_REACH_REMEDY
    )
