from bascule.errors import BasculeError, InvariantError, SpecError, ThrottledError


def test_a_spec_error_says_where_the_mistake_is() -> None:
    error = SpecError("unknown key", file="gateway.yaml", line=3, column=7, field="clusters.blu")

    assert str(error) == "gateway.yaml:3:7: clusters.blu: unknown key"


def test_a_spec_error_without_a_file_still_names_the_field() -> None:
    assert str(SpecError("must not be empty", field="name")) == "name: must not be empty"


def test_an_error_carries_what_to_do_next() -> None:
    error = BasculeError("port 8080 is taken", remedy="stop the other process")

    assert (error.message, error.remedy) == ("port 8080 is taken", "stop the other process")


def test_a_throttled_error_says_how_long_to_wait() -> None:
    error = ThrottledError("slow down", retry_after_s=1.5)

    assert (error.status, error.retry_after_s, error.exit_code) == (429, 1.5, 5)


def test_our_own_bug_has_an_exit_code_of_its_own() -> None:
    branches = {cls.exit_code for cls in BasculeError.__subclasses__() if cls is not InvariantError}

    assert InvariantError.exit_code not in branches
