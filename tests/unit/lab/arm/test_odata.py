import pytest

from bascule.lab.arm.odata import matches, parse_filter
from bascule.lab.arm.requests import ArmRefusal

GATEWAY = {
    "name": "AppGateway",
    "properties": {"principalId": "P-1", "isBig": True},
    "servicePrincipalNames": ["app-1", "api://app-1"],
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name eq 'appgateway'",
        "Name eq 'AppGateway' and properties/principalId eq 'p-1'",
        "name ne 'other'",
        "startswith(name,'app')",
        "endswith(name, 'way')",
        "substringof('gate', name)",
        "servicePrincipalNames/any(c:c eq 'api://app-1')",
        "properties/isBig eq true",
        "atScope()",
        "(name eq 'AppGateway')",
        "name ge 'a' and name lt 'b' and name gt 'a' and name le 'appgateway'",
    ],
)
def test_what_fits_a_filter_matches(text: str) -> None:
    assert matches(parse_filter(text), GATEWAY)


@pytest.mark.parametrize(
    "text",
    [
        "name eq 'other'",
        "name/first eq 'AppGateway'",
        "startswith(name,'gate')",
        "servicePrincipalNames/any(c:c eq 'app-2')",
        "name eq 'AppGateway' and name eq 'Rick and Morty'",
    ],
)
def test_what_does_not_fit_does_not_match(text: str) -> None:
    assert not matches(parse_filter(text), GATEWAY)


def test_a_quote_in_a_text_is_written_twice() -> None:
    assert matches(parse_filter("name eq 'it''s'"), {"name": "it's"})


@pytest.mark.parametrize("text", ["name", "name like 'a'", " and ".join(["a eq 'b'"] * 21)])
def test_a_filter_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ArmRefusal, match="InvalidFilterInQueryString"):
        parse_filter(text)
