from pathlib import Path

import pytest

from bascule.errors import UsageError
from bascule.lab.story.azure.settings import AzureSettings
from bascule.lab.story.settings import DURATION_DEFAULT_S, StorySettings


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"rate": 1.0}, "--rate"),
        ({"rate": 1e9}, "--rate"),
        ({"duration_s": 1.0}, "--duration"),
        ({"routes": -1}, "--routes"),
    ],
    ids=["too-slow", "too-fast", "too-short", "negative"],
)
def test_what_cannot_be_told_is_refused(changes: dict[str, float], option: str) -> None:
    with pytest.raises(UsageError, match=option):
        StorySettings(**changes)  # type: ignore[arg-type]  # int and float mixed on purpose


@pytest.mark.parametrize("settings", [StorySettings, AzureSettings])
def test_a_report_that_cannot_be_written_is_refused_before_anything_begins(
    settings: type[StorySettings | AzureSettings], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="there is no directory"):
        settings(report=tmp_path / "nowhere" / "report.html")
    with pytest.raises(UsageError, match="is a directory"):
        settings(report=tmp_path)


def test_a_longer_story_holds_longer_and_a_short_one_still_holds() -> None:
    assert StorySettings(duration_s=2 * DURATION_DEFAULT_S).scale == 2.0
    assert 0 < StorySettings(duration_s=12).scale < 1
