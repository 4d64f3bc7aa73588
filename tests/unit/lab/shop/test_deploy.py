import asyncio
import base64
from pathlib import Path

import pytest
import yaml

from bascule.errors import ApiError, SpecError
from bascule.lab.shop.deploy import load_target, together


def write(path: Path) -> Path:
    def encode(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    cluster = {"server": "https://127.0.0.1:1", "certificate-authority-data": encode("CA")}
    user = {"client-certificate-data": encode("CERT"), "client-key-data": encode("KEY")}
    document = {
        "current-context": "lab-blue",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}, {"name": "t", "user": {"token": "T"}}],
        "contexts": [
            {"name": "lab-blue", "context": {"cluster": "c", "user": "u"}},
            {"name": "token", "context": {"cluster": "c", "user": "t"}},
        ],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_kubeconfig_says_where_and_as_whom(tmp_path: Path) -> None:
    kubeconfig = write(tmp_path / "kubeconfig")

    current = load_target(kubeconfig)
    by_token = load_target(kubeconfig, "token")

    assert (current.server, current.authority) == ("https://127.0.0.1:1", b"CA")
    assert (current.certificate, current.key, current.token) == (b"CERT", b"KEY", "")
    assert by_token.token == "T"


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="'red'"):
        load_target(write(tmp_path / "kubeconfig"), "red")


async def test_the_first_failure_is_raised_plain() -> None:
    async def fail() -> int:
        raise ApiError("no")

    async def succeed() -> int:
        return 1

    assert await together([succeed(), succeed()]) == [1, 1]
    with pytest.raises(ApiError, match="no"):
        await together([succeed(), fail()])


async def test_a_failure_is_no_group_however_deep_it_lies() -> None:
    async def fail() -> None:
        raise ApiError("no")

    async def nest() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    with pytest.raises(ApiError, match="no"):
        await together([nest()])
