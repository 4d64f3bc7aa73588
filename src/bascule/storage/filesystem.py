"""Refuses directories on network file systems, where locks and SQLite's shared memory do not hold.

Two machines with one journal file would both be its owner. PostgreSQL is for that.
"""

import re
from pathlib import Path

from bascule.errors import JournalError

MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|afs|ceph|glusterfs|lustre|gpfs|beegfs|ocfs2|gfs2|ncpfs|coda"
    r"|fuse\.(?!fuse-overlayfs$).*"
)


def require_local_files(folder: Path) -> None:
    """Return if `folder` is on this machine's own disk, or where that cannot be known.

    Raises JournalError for network file systems, and for those of FUSE, which often are.
    """
    try:
        mounts = MOUNTS.read_text()
    except OSError:
        return
    require_local(folder.resolve(), mounts)


def require_local(folder: Path, mounts: str) -> None:
    """Raise JournalError if `mounts`, the text of `mountinfo`, has `folder` on the network."""
    filesystem = find_filesystem(mounts, folder)
    if _NETWORK.fullmatch(filesystem):
        raise JournalError(
            f"{folder} is on a file system of type {filesystem}, where the kernel's locks do not "
            "keep a second runtime away",
            remedy="give --state a directory on a local disk, or a postgresql:// URL",
        )


def find_filesystem(mounts: str, path: Path) -> str:
    """Return the type of the file system that holds `path`, from the text of `mountinfo`."""
    places: dict[Path, str] = {}
    for line in mounts.splitlines():
        mount, _, filesystem = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) > 4 and filesystem:
            places[Path(_unescape(fields[4]))] = filesystem.split(" ")[0]  # the last one covers
    return next((places[p] for p in (path, *path.parents) if p in places), "")


def _unescape(text: str) -> str:
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), text)
