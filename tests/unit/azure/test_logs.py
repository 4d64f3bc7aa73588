import json

import pytest

from bascule.azure.logs import read_rows
from bascule.azure.pipeline import Answer
from bascule.errors import ApiError, TransportError


def answer(document: object) -> Answer:
    return Answer(status=200, body=json.dumps(document).encode())


def table(name: str, *rows: object) -> dict[str, object]:
    columns = [{"name": "minute", "type": "datetime"}, {"name": "blue", "type": "long"}]
    return {"name": name, "columns": columns, "rows": rows}


def test_rows_are_read_by_the_names_of_their_columns() -> None:
    tables = [table("Other"), table("PrimaryResult", ["now", 1], ["then", None], "odd")]

    found = read_rows(answer({"tables": tables}))

    assert found == ({"minute": "now", "blue": 1}, {"minute": "then", "blue": None})


def test_without_tables_there_are_no_rows() -> None:
    assert read_rows(answer({"tables": []})) == ()
    assert read_rows(answer({"tables": [{"name": "PrimaryResult", "rows": 7}]})) == ()


def test_a_part_of_an_answer_is_none() -> None:
    error = {"code": "PartialError", "message": "There were some errors"}

    with pytest.raises(ApiError, match="answered in part: There were some errors") as caught:
        read_rows(answer({"tables": [table("PrimaryResult")], "error": error}))

    assert caught.value.reason == "PartialError"


def test_what_is_no_answer_of_azures_is_told() -> None:
    with pytest.raises(TransportError, match="cannot be read"):
        read_rows(Answer(status=200, body=b"<html>"))
