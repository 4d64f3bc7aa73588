"""Whether an HTTP answer is right: its own status and body, and against blue's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bascule.journal.record import Json
from bascule.probes.checks.answers import Found, failed, passed, read_text, unknown

BODY_BYTES_MAX = 1_048_576
"""A longer body is not judged: the check is unknown, and says so."""
SEARCH_CHARS_MAX = 65_536
"""A regular expression looks at so much of the body and no further."""
NEAR_CHARS = 20
"""So much of both bodies is shown around the first place where they differ."""


class Compare(StrEnum):
    """What has to be the same in both clusters."""

    STATUS = "status"
    BODY = "body"
    """Status and body, byte by byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `is_whole` is False when the body is longer than `BODY_BYTES_MAX`."""

    status: int
    body: bytes = b""
    is_whole: bool = True

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an answer has to be."""

    statuses: tuple[int, ...] = (200,)
    contains: str = ""
    matches: str = ""
    same_as_blue: bool = False
    compare: Compare = Compare.BODY
    ignore: tuple[str, ...] = field(default=())
    """Regular expressions; what they match is taken for the same in both bodies."""


def parse_rules(args: Mapping[str, Json]) -> Rules:
    """Return the rules that a check's arguments hold."""
    statuses = args.get("status")
    found = statuses if isinstance(statuses, list) else [statuses]
    ignore = args.get("ignore")
    is_status_only = read_text(args, "compare") == Compare.STATUS
    return Rules(
        statuses=tuple(code for code in found if isinstance(code, int)) or (200,),
        contains=read_text(args, "contains"),
        matches=read_text(args, "matches"),
        same_as_blue=args.get("same_as_blue") is True,
        compare=Compare.STATUS if is_status_only else Compare.BODY,
        ignore=tuple(str(part) for part in ignore) if isinstance(ignore, list) else (),
    )


def judge_answer(rules: Rules, answer: Answer) -> Found:
    """Return whether an answer is right by itself."""
    if answer.status not in rules.statuses:
        wanted = " or ".join(str(code) for code in rules.statuses)
        return failed(f"status {answer.status} instead of {wanted}")
    if not rules.contains and not rules.matches:
        return passed(f"status {answer.status}")
    if not answer.is_whole:
        return unknown(_too_long("the body"))
    if rules.contains and rules.contains not in answer.text:
        return failed(f"the body does not contain {rules.contains[:60]!r}: {answer.text[:100]!r}")
    if rules.matches and re.search(rules.matches, answer.text[:SEARCH_CHARS_MAX]) is None:
        return failed(f"the body does not match {rules.matches[:60]!r}: {answer.text[:100]!r}")
    return passed(f"status {answer.status}, the body is right")


def compare_answers(rules: Rules, *, blue: Answer, green: Answer) -> Found:
    """Return whether green answers as blue does."""
    if blue.status != green.status:
        return failed(f"status {green.status} from green, {blue.status} from blue")
    if rules.compare is Compare.STATUS:
        return passed(f"status {green.status} from both")
    if not blue.is_whole or not green.is_whole:
        return unknown(_too_long("a body"))
    if blue.body == green.body:
        return passed(f"status {green.status} and the same body from both")
    if rules.ignore:
        blue, green = _without(rules, blue), _without(rules, green)
    if blue.body == green.body:
        return passed(f"status {green.status} and the same body but for what is ignored")
    return failed(_describe_difference(blue.body, green.body))


def _without(rules: Rules, answer: Answer) -> Answer:
    text = answer.text[:SEARCH_CHARS_MAX]
    rest = answer.text[SEARCH_CHARS_MAX:]
    for part in rules.ignore:
        text = re.sub(part, "", text)
    return Answer(status=answer.status, body=(text + rest).encode())


def _describe_difference(blue: bytes, green: bytes) -> str:
    shorter = min(len(blue), len(green))
    at = next((i for i in range(shorter) if blue[i] != green[i]), shorter)
    shown = [_near(body, at) for body in (green, blue)]
    return f"the bodies differ at byte {at}: {shown[0]!r} from green, {shown[1]!r} from blue"


def _near(body: bytes, at: int) -> str:
    return body[max(0, at - NEAR_CHARS) : at + NEAR_CHARS].decode("utf-8", errors="replace")


def _too_long(what: str) -> str:
    return f"{what} is longer than {BODY_BYTES_MAX:,} bytes, more than a check reads"
