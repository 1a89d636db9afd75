"""CPU time and memory of process trees, from Linux's /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


def cpu_ms(roots: Mapping[str, int]) -> dict[str, float]:
    """Milliseconds of CPU so far by name: those of the process, its living descendants and the ended ones."""
    children = _children()
    return {name: sum(_ms(pid) for pid in _tree(root, children)) for name, root in roots.items()}


def memory_mib(root: int) -> float:
    """Resident memory of one process."""
    pages = int((PROC / str(root) / "statm").read_text().split()[1])
    return pages * PAGE_BYTES / 2**20


def _ms(pid: int) -> float:
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime, stime, cutime, cstime
    ticks = sum(int(value) for value in _fields(pid)[11:15])
    return ticks * 1000 / TICKS_PER_SECOND


def _fields(pid: int) -> list[str]:
    """What follows the program's name, which may hold anything; zeros for a process that has ended meanwhile."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 20
    return text.rpartition(")")[2].split()


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            found.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
    return found


def _tree(root: int, children: Mapping[int, list[int]]) -> list[int]:
    tree = [root]
    for pid in tree:
        tree.extend(children.get(pid, ()))
    return tree
