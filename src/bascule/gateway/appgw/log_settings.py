"""Where a gateway's access log goes, by its diagnostic settings.

https://learn.microsoft.com/rest/api/monitor/diagnostic-settings/list; the tables and their columns:
https://learn.microsoft.com/azure/azure-monitor/reference/tables/agwaccesslogs, `AzureDiagnostics`
where a setting does not ask for tables of their own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from bascule.azure.document import Document, list_at, text_at, truth_at

CATEGORY: Final = "ApplicationGatewayAccessLog"
ALL_LOGS: Final = "alllogs"
DEDICATED: Final = "dedicated"


class LogTable(Enum):
    """A table that access logs are in."""

    DEDICATED = "AGWAccessLogs"
    SHARED = "AzureDiagnostics"

    @property
    def source(self) -> str:
        """Where a query of it begins."""
        return (
            f'{self.value}\n| where Category == "{CATEGORY}"'
            if self is LogTable.SHARED
            else self.value
        )

    def column(self, name: str, kind: str = "s") -> str:
        """Return what the column `ServerRouted`, for example, is called there.

        `kind` is what the shared table puts behind a name: `s` for text, `d` for numbers.
        """
        if self is LogTable.DEDICATED:
            return name
        first = "clientIP" if name == "ClientIp" else name[0].lower() + name[1:]
        return f"{first}_{kind}"


def find_table(settings: Iterable[Document]) -> LogTable | None:
    """Return the table that the access log is to be read from; None: it is in none.

    A query finds the rows of all workspaces that have some, so that a table that two workspaces
    have would count each request twice: then the other one is read, or none.
    """
    found = Counter(table for setting in settings for table in _tables(setting))
    return next((table for table in LogTable if found[table] == 1), None)


def _tables(setting: Document) -> Iterator[LogTable]:
    if not text_at(setting, "properties", "workspaceId"):
        return
    if any(_is_of_access(log) for log in list_at(setting, "properties", "logs")):
        kind = text_at(setting, "properties", "logAnalyticsDestinationType").lower()
        yield LogTable.DEDICATED if kind == DEDICATED else LogTable.SHARED


def _is_of_access(log: Document) -> bool:
    is_named = text_at(log, "category").lower() == CATEGORY.lower()
    is_all = text_at(log, "categoryGroup").lower() == ALL_LOGS
    return truth_at(log, "enabled") is True and (is_named or is_all)
