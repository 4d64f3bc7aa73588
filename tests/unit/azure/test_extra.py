"""A missing package is said with how to install it."""

import importlib

import pytest

from bascule.azure.extra import needs_azure
from bascule.errors import UsageError


def test_a_missing_package_is_said_with_how_to_install_it() -> None:
    with pytest.raises(UsageError, match="not installed: no_such_package") as caught, needs_azure():
        importlib.import_module("no_such_package")

    assert "bascule[azure]" in caught.value.remedy
