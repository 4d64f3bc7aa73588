import os
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import web

from bascule.app.clock import SystemClock
from bascule.journal.record import Json
from bascule.probes.checks.answers import Found
from bascule.probes.checks.asking import CheckAsker
from bascule.probes.checks.http import ask_http
from bascule.probes.checks.http_rules import BODY_BYTES_MAX
from bascule.probes.checks.prometheus import ask_prometheus
from bascule.probes.targets import Target
from bascule.upgrade.gates.model import Check, CheckOutcome, CheckType
from tests.support.pki import Authority
from tests.support.stub_web import Asked, Handler, answering, hang, stub_web

PASSED, FAILED, UNKNOWN = CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.UNKNOWN
HEADER = "x-bascule-preview"
ONE = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}'


def server_context(folder: Path, *, certificate: bytes, key: bytes) -> ssl.SSLContext:
    (folder / "pair.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")
    return context


def gateway(*, blue: Handler, green: Handler) -> Handler:
    """Answer as a gateway with a preview does; without the header, as blue."""

    async def answer(asked: Asked) -> web.StreamResponse:
        return await (green if asked.headers.get(HEADER) == "green" else blue)(asked)

    return answer


async def ask(
    handler: Handler,
    *,
    header: str = HEADER,
    environ: Mapping[str, str] | None = None,
    **args: Json,
) -> Found:
    async with stub_web(handler) as stub:

        def find(host: str, path: str, is_tls: bool) -> Target | None:  # noqa: FBT001 — the port's
            assert not is_tls
            return Target(host=host, path=path, address="127.0.0.1", port=stub.port)

        wanted: dict[str, Json] = {"host": "shop.example", "timeout_s": 5, **args}
        return await ask_http(wanted, find, environ=environ or {}, preview_header=header)


async def test_the_answer_of_green_is_judged_and_not_that_of_blue() -> None:
    right, wrong = answering("total: 3"), answering("oops", status=500)

    of_green = await ask(gateway(blue=wrong, green=right), contains="total")
    of_wrong_green = await ask(gateway(blue=right, green=wrong), contains="total")

    assert of_green.outcome is PASSED
    assert (of_wrong_green.outcome, of_wrong_green.reason) == (FAILED, "status 500 instead of 200")


async def test_without_a_preview_header_whoever_answers_users_is_judged() -> None:
    handler = gateway(blue=answering("by blue"), green=answering("by green"))

    assert (await ask(handler, header="", contains="by blue")).outcome is PASSED


async def test_a_wrong_answer_on_one_path_is_found_by_asking_blue_too() -> None:
    async def cheap(asked: Asked) -> web.StreamResponse:
        return web.Response(text="price: 1" if asked.path == "/cart" else "price: 10")

    handler = gateway(blue=answering("price: 10"), green=cheap)

    found = await ask(handler, path="/cart", same_as_blue=True)
    other = await ask(handler, path="/", same_as_blue=True)

    assert found.outcome is FAILED
    assert found.reason == (
        "the bodies differ at byte 8: 'price: 1' from green, 'price: 10' from blue"
    )
    assert other.outcome is PASSED


async def test_blue_has_to_answer_for_a_comparison() -> None:
    async with stub_web(hang):
        handler = gateway(blue=hang, green=answering("fine"))
        found = await ask(handler, same_as_blue=True, timeout_s=1.5)

    assert found.outcome is UNKNOWN
    assert "blue did not answer within 1.5 s" in found.reason


async def test_blue_cannot_be_told_from_green_without_a_preview() -> None:
    found = await ask(answering("fine"), header="", same_as_blue=True)

    assert found.outcome is UNKNOWN


async def test_a_request_is_as_the_check_says() -> None:
    async def echo(asked: Asked) -> web.StreamResponse:
        assert asked.body == b"{}"
        assert asked.query == {"q": "a b"}
        heads = asked.headers
        return web.Response(
            status=201,
            text=f"{asked.method} {heads['host']} {heads['x-one']} {heads['x-two']}",
        )

    found = await ask(
        echo,
        environ={"TOKEN": "secret"},
        method="POST",
        path="/cart?q=a%20b",
        headers={"x-one": "1"},
        headers_env={"x-two": "TOKEN"},
        body="{}",
        status=[201],
        contains="POST shop.example 1 secret",
    )

    assert found.outcome is PASSED


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    handler = answering(status=302, location="http://127.0.0.1:1/")

    assert (await ask(handler, status=[302])).outcome is PASSED
    assert (await ask(handler)).reason == "status 302 instead of 200"


async def test_green_that_hangs_has_failed() -> None:
    found = await ask(hang, timeout_s=0.2)

    assert (found.outcome, found.reason) == (FAILED, "did not answer within 0.2 s")


async def test_a_body_of_green_that_never_ends_is_not_read_without_end() -> None:
    found = await ask(answering("x" * (BODY_BYTES_MAX + 1)), contains="y")

    assert found.outcome is UNKNOWN
    assert "longer than" in found.reason


async def test_a_gateway_that_is_not_there_has_failed() -> None:
    def find(host: str, path: str, _is_tls: bool) -> Target | None:  # noqa: FBT001 — the port's
        return Target(host=host, path=path, address="127.0.0.1", port=1)

    found = await ask_http({"host": "shop.example"}, find, environ={})

    assert found.outcome is FAILED
    assert "gave no answer" in found.reason


async def test_what_cannot_be_asked_is_unknown() -> None:
    nowhere = await ask_http({"host": "shop.example"}, lambda *_: None, environ={})
    no_secret = await ask(answering("fine"), headers_env={"x-two": "TOKEN"})

    assert nowhere.reason == "the gateway has no listener, route or certificate for shop.example"
    assert no_secret.reason == "the environment variable TOKEN is not set"
    assert nowhere.outcome is no_secret.outcome is UNKNOWN


@pytest.mark.parametrize(
    ("name", "is_own", "outcome"),
    [
        ("shop.example", True, PASSED),
        ("shop.example", False, FAILED),
        ("pay.example", True, FAILED),
    ],
    ids=["the-gateways-own", "another-chain", "for-another-host"],
)
async def test_tls_is_held_to_the_certificate_that_the_gateway_was_handed(
    tmp_path: Path, name: str, *, is_own: bool, outcome: CheckOutcome
) -> None:
    shown, other = (Authority().issue(name) for _ in range(2))
    context = server_context(tmp_path, certificate=shown.chain_pem, key=shown.key_pem)
    async with stub_web(answering("fine"), tls=context) as stub:
        target = Target(
            host="shop.example",
            path="/",
            address="127.0.0.1",
            port=stub.port,
            chain_pem=(shown if is_own else other).chain_pem,
        )
        args: dict[str, Json] = {"host": "shop.example", "scheme": "https"}
        found = await ask_http(args, lambda *_: target, environ={})

    assert found.outcome is outcome


async def query(handler: Handler, **args: Json) -> tuple[Found, list[Asked]]:
    async with stub_web(handler) as stub:
        wanted: dict[str, Json] = {"url": stub.url + "/prom/", "query": "up{a='b'}", "min": 1}
        environ = {"PROM_TOKEN": "t0ken"}
        return await ask_prometheus({**wanted, **args}, environ=environ), stub.asked


async def test_a_query_is_asked_with_its_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")

    found, (asked,) = await query(answering(ONE), token_env="PROM_TOKEN")
    _, (with_file,) = await query(answering(ONE), token_file=str(tmp_path / "token"))

    assert (found.outcome, found.value) == (PASSED, 1.0)
    assert (asked.path, asked.query) == ("/prom/api/v1/query", {"query": "up{a='b'}"})
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert with_file.headers["authorization"] == "Bearer from-file"


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (answering("no", status=502), "Prometheus answered 502, and no JSON"),
        (answering(status=302, location="/other"), "Prometheus answered 302, and no JSON"),
        (
            answering('{"status":"error","error":"too many"}', status=422),
            "Prometheus says: too many",
        ),
        (answering('{"status":"success","data":null}'), "not one number"),
        (hang, "did not answer within 0.3 s"),
    ],
    ids=["no-json", "redirect", "refused", "no-data", "hangs"],
)
async def test_a_prometheus_without_an_answer_says_nothing_of_green(
    handler: Handler, reason: str
) -> None:
    found, _ = await query(handler, timeout_s=0.3 if handler is hang else 5)

    assert found.outcome is UNKNOWN
    assert reason in found.reason


@pytest.mark.parametrize(
    "args",
    [
        {"url": "http://127.0.0.1:1"},
        {"token_env": "NOT_SET"},
        {"token_file": "/nowhere/token"},
        {"ca_file": "/nowhere/ca.pem"},
    ],
    ids=["nobody-there", "no-variable", "no-token-file", "no-ca-file"],
)
async def test_a_prometheus_that_cannot_be_asked_says_nothing_of_green(
    args: dict[str, Json],
) -> None:
    found, asked = await query(answering(ONE), **args)

    assert (found.outcome, asked) == (UNKNOWN, [])
    assert found.reason


@pytest.mark.parametrize("is_trusted", [True, False], ids=["trusted", "not-trusted"])
async def test_the_certificate_of_a_prometheus_is_verified(
    tmp_path: Path, *, is_trusted: bool
) -> None:
    authority = Authority()
    pair = authority.issue("localhost")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    context = server_context(tmp_path, certificate=pair.chain_pem, key=pair.key_pem)
    args: dict[str, Json] = {"query": "up", "min": 1}
    if is_trusted:
        args["ca_file"] = str(tmp_path / "ca.pem")
    async with stub_web(answering(ONE), tls=context) as stub:
        args["url"] = f"https://localhost:{stub.port}"
        found = await ask_prometheus(args, environ={})

    assert found.outcome is (PASSED if is_trusted else UNKNOWN)


async def test_each_type_of_check_is_asked_and_says_who_it_is() -> None:
    async with stub_web(answering(ONE)) as stub:
        target = Target(host="shop", path="/", address="127.0.0.1", port=stub.port)
        asker = CheckAsker(
            find_target=lambda *_: target, environ=dict(os.environ), clock=SystemClock()
        )
        checks = (
            Check(name="page", type=CheckType.HTTP, args={"host": "shop"}),
            Check(
                name="query",
                type=CheckType.PROMETHEUS,
                args={"url": stub.url, "query": "up", "min": 1},
            ),
            Check(
                name="script",
                type=CheckType.COMMAND,
                args={"run": ["sh", "-c", 'test "$BASCULE_PREVIEW_HEADER" = h']},
            ),
        )
        found = [await asker.ask(check, "h") for check in checks]

    assert [(r.name, r.outcome) for r in found] == [
        ("page", PASSED),
        ("query", PASSED),
        ("script", PASSED),
    ]
