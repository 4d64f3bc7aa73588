from typing import Any

import pytest

from bascule.lab.arm.deployments.expressions import Function, evaluate
from bascule.lab.arm.requests import ArmRefusal

FUNCTIONS: dict[str, Function] = {
    "variables": lambda arguments: {"id": "/x", "list": [1, {"Name": "deep"}]}[arguments[0]],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("[[escaped]", "[escaped]"),
        ("[concat(variables('id'), '/frontendPorts/', 80)]", "/x/frontendPorts/80"),
        ("[concat('it''s')]", "it's"),
        ("[variables('list')[1].name]", "deep"),
        ("[ Variables( 'list' )[0] ]", 1),
        ("[toLower(format('{0}-{1}', 'A', true()))]", "a-true"),
        ("[if(equals('a', 'A'), 'yes', variables('none'))]", "yes"),
        ("[if(empty(''), length('abc'), 0)]", 3),
        ("[concat(createArray(1), createArray(2))]", [1, 2]),
        ("[union(createObject('a', 1), createObject('b', 2)).b]", 2),
        ("[first(split('a,b', ','))]", "a"),
        ("[and(true(), not(false()), or(false(), true()))]", True),
        ("[string(int('-5'))]", "-5"),
        ("[null()]", None),
        ({"[toUpper('k')]": ["[last('xyz')]"]}, {"K": ["z"]}),
        (5, 5),
    ],
)
def test_expressions_give_values(text: Any, value: Any) -> None:
    assert evaluate(text, FUNCTIONS) == value


def test_a_unique_string_depends_on_its_arguments_only() -> None:
    one, same, other = (
        evaluate(f"[uniqueString('{each}')]", FUNCTIONS) for each in ("a", "a", "b")
    )

    assert len(one) == 13
    assert one == same != other


@pytest.mark.parametrize(
    "text",
    [
        "[nosuch('a')]",
        "[concat('a']",
        "[concat('a') 'b']",
        "[variables]",
        "[variables('list')[9]]",
        "[variables('list').name]",
        "[first()]",
        "[equals('a')]",
        "[" + "concat(" * 60 + "'a'" + ")" * 60 + "]",
        "[!]",
        "[]",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ArmRefusal) as caught:
        evaluate(text, FUNCTIONS)

    assert (caught.value.status, caught.value.code) == (400, "InvalidTemplate")
