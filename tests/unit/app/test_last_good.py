from pathlib import Path

from bascule.app.last_good import RenamedLastGood
from bascule.ids import Cluster
from bascule.routing.certificates import EMPTY_STORE
from bascule.routing.naming import PLAIN_NAMING
from bascule.storage.last_good import LastGood, LastGoodFile, NoLastGood
from bascule.upgrade.names import UNNAMED
from tests.support.tables import ALL_GREEN, backend, host, route, route_set, table


def test_a_table_of_earlier_names_is_told_in_the_names_of_now(tmp_path: Path) -> None:
    file = LastGoodFile(tmp_path / "last_good")
    sides = backend(Cluster.BLUE, "web", 1001), backend(Cluster.GREEN, "web", 2001)
    routes = route_set([host("a.test", route(*sides))])
    RenamedLastGood(file, PLAIN_NAMING).store(table(routes, ALL_GREEN), EMPTY_STORE)

    found = RenamedLastGood(file, UNNAMED.swap({}, is_blue_kept=False).naming).load()

    assert isinstance(found, LastGood)
    assert [b.name for b in found.table.routes.backends] == ["blue-1/shop/web/http"]


def test_where_there_is_none_it_is_said_why(tmp_path: Path) -> None:
    found = RenamedLastGood(LastGoodFile(tmp_path / "none"), PLAIN_NAMING).load()

    assert isinstance(found, NoLastGood)
