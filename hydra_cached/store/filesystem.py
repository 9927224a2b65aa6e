"""Tells network file systems from local ones, and where the index of a store on one goes. Creates nothing.

SQLite's write-ahead log needs memory that all who have a database open share, which machines do not: on a network file
system it loses what it was told. So the index of such a store lies in the user's cache folder, by the store's id.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from hydra_cached.errors import StoreError

INDEX_VARIABLE = "HYDRA_CACHED_INDEX_DIR"
_MOUNTS = "/proc/self/mountinfo"
_NETWORK = re.compile(
    r"(nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|afpfs|webdav|davfs\d?|lustre|beegfs(_nodev)?|gpfs|mmfs|ceph|glusterfs|orangefs|"
    r"pvfs\d?|ocfs2|gfs2|9p|virtiofs|panfs|juicefs|prl_fs|vboxsf|vmhgfs|"
    r"fuse\.(sshfs|glusterfs|cephfs|ceph-fuse|juicefs|s3fs|goofys|rclone|gcsfuse|blobfuse2?|davfs2?|curlftpfs|mfs|"
    r"moosefs|seaweedfs|weed|alluxio.*|lustre|beegfs|vmhgfs-fuse|ltfs|nfs|smb.*))"
)
_ESCAPE = re.compile(r"\\([0-7]{3})")
_REMOTE_DRIVE = 4


def index_folder(root: Path, store_id: bytes) -> Path:
    """Where the index of the store at ``root`` lies: in it, or elsewhere where that is on a network file system.

    The environment variable HYDRA_CACHED_INDEX_DIR names the other place for any store.
    """
    given = os.environ.get(INDEX_VARIABLE, "")
    if given:
        return Path(os.path.abspath(os.path.expanduser(given))) / store_id.hex()
    if is_on_network(root):
        return cache_folder() / "hydra-cached" / "index" / store_id.hex()
    return root / "index"


def is_on_network(path: Path) -> bool:
    """Whether a folder lies on a file system that other machines may write to. False where that cannot be told."""
    if os.name == "nt":
        return _is_remote_drive(os.path.realpath(path))
    kind = find_file_system(path)
    return kind is not None and _NETWORK.fullmatch(kind) is not None


def find_file_system(path: Path, mounts: str = _MOUNTS) -> str | None:
    """The type of the file system that a path is on, such as "ext4" or "nfs4"; None where it cannot be told.

    Args:
        mounts: the table of what is mounted where, see proc(5).
    """
    real = os.path.realpath(path)
    best, found = "", None
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                # id, parent, device, root, mount point, options, ..., "-", type, source, ...
                before, _, after = line.partition(" - ")
                fields = before.split(" ")
                point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4]) if len(fields) > 4 else ""
                is_above = real == point or real.startswith(point.rstrip("/") + "/")
                # of several on one point the last hides the others
                if point and is_above and len(point) >= len(best):
                    best, found = point, after.split(" ")[0]
    except OSError:
        return None
    return found


def cache_folder() -> Path:
    """The folder for what can be made again, of this user on this machine.

    Raises:
        StoreError: the user has no home folder.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return Path(given)
    local = os.environ.get("LOCALAPPDATA", "")
    if sys.platform == "win32" and local:
        return Path(local)
    try:
        home = Path.home()
    except RuntimeError as exc:
        raise StoreError(
            "cannot find a folder for the index: there is no home folder",
            hint=f"set {INDEX_VARIABLE} to a local folder",
        ) from exc
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"


def _is_remote_drive(path: str) -> bool:
    import ctypes

    anchor = os.path.splitdrive(path)[0] + os.sep
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 (there is none elsewhere)
    return anchor.startswith(2 * os.sep) or kernel.GetDriveTypeW(anchor) == _REMOTE_DRIVE
