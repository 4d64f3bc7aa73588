import pytest

from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.cluster.settings import DEFAULTS, read_settings
from bascule.routing.model import RouteSettings


def test_without_annotations_the_defaults_hold() -> None:
    settings, faults = read_settings({})

    assert settings == DEFAULTS
    assert faults == ()
    assert settings.of_route(is_tls=False) == RouteSettings()


def test_annotations_of_others_mean_nothing() -> None:
    assert read_settings({"example.com/timeout": "5"}) == (DEFAULTS, ())


@pytest.mark.parametrize(
    ("annotations", "is_tls", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"bascule.dev/ssl-redirect": "false"}, True, False),
        ({"bascule.dev/ssl-redirect": "TRUE"}, False, True),
        ({"nginx.ingress.kubernetes.io/ssl-redirect": "false"}, True, False),
        ({"appgw.ingress.kubernetes.io/ssl-redirect": "f"}, True, False),
        (
            {
                "bascule.dev/ssl-redirect": "false",
                "appgw.ingress.kubernetes.io/ssl-redirect": "true",
            },
            True,
            False,
        ),
        (
            {
                "nginx.ingress.kubernetes.io/ssl-redirect": "false",
                "nginx.ingress.kubernetes.io/force-ssl-redirect": "true",
            },
            False,
            True,
        ),
    ],
    ids=["tls", "plain", "ours off", "ours on", "nginx", "appgw", "ours first", "forced"],
)
def test_tls_redirects_unless_somebody_says_otherwise(
    annotations: dict[str, str], *, is_tls: bool, expected: bool
) -> None:
    settings, faults = read_settings(annotations)

    assert settings.of_route(is_tls=is_tls).ssl_redirect is expected
    assert faults == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30.0), ("30s", 30.0), ("250ms", 0.25), ("2m", 120.0), ("1.5h", 5400.0), ("0", None)],
)
def test_a_timeout_has_a_unit(text: str, seconds: float | None) -> None:
    settings, faults = read_settings({"bascule.dev/timeout": text})

    assert settings.timeout_s == seconds
    assert faults == ()


def test_a_user_is_known_by_a_cookie_of_any_name_and_life() -> None:
    settings, _ = read_settings(
        {"bascule.dev/affinity-name": "session", "bascule.dev/affinity-ttl": "1h"}
    )

    assert settings.affinity == Affinity(kind=AffinityKind.COOKIE, name="session", ttl_s=3600)


def test_a_user_is_known_by_a_header() -> None:
    settings, _ = read_settings(
        {"bascule.dev/affinity": "header", "bascule.dev/affinity-name": "X-User"}
    )

    assert settings.affinity == Affinity(kind=AffinityKind.HEADER, name="X-User")


def test_affinity_can_be_switched_off() -> None:
    settings, _ = read_settings({"bascule.dev/affinity": "none", "bascule.dev/retries": "0"})

    assert settings.affinity.kind is AffinityKind.NONE
    assert settings.retries == 0


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [
        ({"ssl-redirect": "yes"}, "should be true or false"),
        ({"timeout": "soon"}, "should be a time such as 30s"),
        ({"timeout": "25h"}, "of at most 86400s"),
        ({"retries": "11"}, "a number from 0 to 10"),
        ({"retries": "-1"}, "a number from 0 to 10"),
        ({"affinity": "ip"}, "cookie or header or none"),
        ({"affinity": "header"}, "given together with affinity-name"),
        ({"affinity-name": "a b"}, "the name of a cookie or header"),
    ],
    ids=["bool", "time", "long", "many", "negative", "kind", "nameless", "name"],
)
def test_what_cannot_be_read_is_said_and_the_default_stays(
    annotations: dict[str, str], wanted: str
) -> None:
    settings, faults = read_settings({f"bascule.dev/{k}": v for k, v in annotations.items()})

    assert settings == DEFAULTS
    assert [fault.code for fault in faults] == ["AnnotationInvalid"]
    assert wanted in faults[0].message
    assert faults[0].message.endswith("; the default stays")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("time-out", "did you mean bascule.dev/timeout?"), ("zzz", "known: affinity, ")],
    ids=["near", "far"],
)
def test_an_unknown_setting_is_said(name: str, hint: str) -> None:
    settings, (fault,) = read_settings({f"bascule.dev/{name}": "1"})

    assert settings == DEFAULTS
    assert fault.code == "AnnotationUnknown"
    assert hint in fault.message


def test_what_the_gateway_itself_tells_of_is_not_told_here() -> None:
    annotations = {
        "appgw.ingress.kubernetes.io/ssl-redirect": "maybe",
        "bascule.dev/retries": "many",
    }

    settings, faults = read_settings(annotations, told_elsewhere="appgw.ingress.kubernetes.io/")
    _, all_faults = read_settings(annotations)

    assert settings == DEFAULTS
    assert [each.message.split()[0] for each in faults] == ["bascule.dev/retries"]
    assert len(all_faults) == 2
