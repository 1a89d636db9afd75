"""A small launcher that a server is started through: it dies with its parent and, for PostgreSQL, is not root.

Run by path and without site-packages, so that it costs milliseconds:
`tether.py PARENT_PID SIGNAL IDENTITY COMMAND...`, where IDENTITY is `same`, `namespace:UID` or `user:UID:GID`.
"""

import ctypes
import os
import sys
from pathlib import Path

# From <sys/prctl.h> and <sched.h>; both exist on Linux only.
PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def die_with_parent(parent_pid: int, signal_number: int) -> None:
    """Ask Linux to send `signal_number` to this process when its parent ends, however it ends.

    Elsewhere there is no such call; the parent's own clean-up has to do. A `parent_pid` of 0 means whoever it is.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if parent_pid and os.getppid() != parent_pid:
        sys.exit("The process that wanted this server ended before it could start.")


def enter_user_namespace(inside_uid: int) -> None:
    """Become `inside_uid` in a user namespace of our own, while files still see the real user.

    PostgreSQL refuses to run as root. In here it isn't, and yet it reads and writes root's files, so that neither
    a system user nor a folder open to everyone is needed.
    """
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        reason = os.strerror(ctypes.get_errno())
        sys.exit(f"This system does not allow a user namespace: {reason}.")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside_uid} {outside_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside_uid} {outside_gid} 1")


def become(identity: str) -> None:
    """Take on `identity` as the module's docstring spells it."""
    kind, *numbers = identity.split(":")
    if kind == "namespace":
        enter_user_namespace(int(numbers[0]))
    if kind == "user":
        uid, gid = int(numbers[0]), int(numbers[1])
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def main() -> None:
    """Take on the identity, then the parent's fate (changing the user clears it), then become the command."""
    parent_pid, signal_number, identity, *command = sys.argv[1:]
    become(identity)
    die_with_parent(int(parent_pid), int(signal_number))
    os.execv(command[0], command)  # noqa: S606 - the caller names the binary by its full path


if __name__ == "__main__":
    main()
