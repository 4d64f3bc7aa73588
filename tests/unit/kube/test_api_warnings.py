from bascule.kube.api_warnings import parse_warnings


def test_the_text_of_a_warning_is_found() -> None:
    header = '299 - "policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+"'

    assert parse_warnings([header]) == (
        "policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+",
    )


def test_several_warnings_come_in_order_from_one_header_or_many() -> None:
    assert parse_warnings(['299 - "one", 299 - "two"', '299 - "three"']) == ("one", "two", "three")


def test_escaped_quotes_are_unescaped() -> None:
    assert parse_warnings([r'299 - "unknown field \"spec.x\""']) == ('unknown field "spec.x"',)


def test_other_codes_and_broken_headers_are_left_out() -> None:
    assert parse_warnings(['110 - "stale"', "299", ""]) == ()
