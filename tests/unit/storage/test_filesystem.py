from pathlib import Path

import pytest

from bascule.errors import JournalError
from bascule.storage.filesystem import find_filesystem, require_local, require_local_files

MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:27 / /home rw,relatime shared:1 - nfs4 files:/home rw
31 30 0:28 / /home/ada/local\040disk rw,relatime - xfs /dev/sdb rw
32 27 0:29 / /over rw - xfs /dev/sdc rw
33 27 0:30 / /over rw - fuse.sshfs host:/ rw
34 27 0:31 / /pod rw - fuse.fuse-overlayfs overlay rw
35 27 0:32 / /share rw - cifs //files/share rw
a line of another kind
36 27 0:33 / - broken
"""


@pytest.mark.parametrize(
    ("path", "filesystem"),
    [
        ("/var/lib", "ext4"),
        ("/home", "nfs4"),
        ("/home/ada", "nfs4"),
        ("/home/ada/local disk/state", "xfs"),
        ("/homes", "ext4"),
        ("/over/x", "fuse.sshfs"),
    ],
)
def test_the_file_system_is_that_of_the_deepest_and_latest_mount(
    path: str, filesystem: str
) -> None:
    assert find_filesystem(MOUNTS, Path(path)) == filesystem


def test_where_nothing_is_mounted_nothing_is_known() -> None:
    assert find_filesystem("", Path("/var")) == ""


@pytest.mark.parametrize("path", ["/home/ada", "/over", "/share/x"])
def test_a_directory_on_the_network_is_refused(path: str) -> None:
    with pytest.raises(JournalError, match="on a file system of type") as caught:
        require_local(Path(path), MOUNTS)

    assert "postgresql://" in caught.value.remedy


@pytest.mark.parametrize("path", ["/var", "/pod/state", "/home/ada/local disk"])
def test_a_directory_on_this_machine_will_do(path: str) -> None:
    require_local(Path(path), MOUNTS)


def test_the_mounts_of_this_machine_can_be_read(tmp_path: Path) -> None:
    require_local_files(tmp_path)
