"""Free loopback ports, the previous one first."""

import socket
from collections.abc import Iterable

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now; connections that are just closing don't count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(preferred: Iterable[int] = ()) -> int:
    """The first free one of `preferred`, else any that the system gives.

    Somebody may take it before the server does; whoever starts a server tries again then.
    """
    for port in preferred:
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
