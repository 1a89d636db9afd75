"""The servers that nobody else provides, started together, waited for, and stopped together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workflowsite.localstack import postgres_server, redis_server, temporal_server
from workflowsite.localstack.ports import LOOPBACK, free_port
from workflowsite.localstack.postgres_home import postgres_home
from workflowsite.localstack.private_files import (
    ENDPOINTS_FILE,
    installation_secrets,
    read_json,
    write_json,
)
from workflowsite.localstack.server import Server, ServerFailed

STARTS_PER_SERVER = 3
READY_SECONDS = 60.0
Ready = Callable[[], bool]
Launch = Callable[[], tuple[Server, Ready]]


def port_of(address: str) -> int | None:
    """The port at the end of `host:port` or of a URL with a path; None when there is none."""
    port = address.rpartition(":")[2].partition("/")[0]
    return int(port) if port.isdecimal() else None


@dataclass
class LocalStack:
    """PostgreSQL, Redis and Temporal of one folder.

    `given` holds the addresses that exist already (DATABASE_URL, REDIS_URL, TEMPORAL_ADDRESS): those servers are not
    started. `held_files` are locks that last as long as the servers. A throw-away stack trades durability for speed
    and has no Temporal UI.
    """

    state_dir: Path
    given: Mapping[str, str] = field(default_factory=dict)
    is_throw_away: bool = False
    namespaces: Sequence[str] = ()
    held_files: Sequence[int] = ()
    report: Callable[[str], None] = field(default=lambda _line: None)
    endpoints: dict[str, str] = field(default_factory=dict, init=False)
    servers: list[Server] = field(default_factory=list, init=False)
    _servers_by_name: dict[str, Server] = field(default_factory=dict, init=False)

    def start(self) -> dict[str, str]:
        """Start what is missing and wait until each answers a client; returns the endpoints.

        Raises ServerFailed, after stopping what had started.
        """
        self._secrets = installation_secrets(self.state_dir)
        self._previous = read_json(self.state_dir / ENDPOINTS_FILE)
        self.endpoints = {name: address for name, address in self.given.items() if address}
        try:
            self._start_missing()
        except BaseException:
            self.stop()
            raise
        self.write_endpoints()
        return self.endpoints

    def write_endpoints(self, **more: str) -> None:
        """Put the endpoints, and `more`, where workflowsite.env reads them."""
        self.endpoints |= more
        write_json(self.state_dir / ENDPOINTS_FILE, self.endpoints)

    def forget(self, name: str) -> None:
        """Take an endpoint out of the file again: nothing answers there any more."""
        if self.endpoints.pop(name, None) is not None:
            self.write_endpoints()

    def server_of(self, name: str) -> Server:
        """The server behind an endpoint's name that was started here."""
        return self._servers_by_name[name]

    def revive(self, name: str) -> None:
        """Start a server that has ended again, at its address and with its data. Raises ServerFailed."""
        self.servers.remove(self._servers_by_name[name])
        self._previous = dict(self.endpoints)
        launch_again = self._launches[name]
        server, is_ready = launch_again()
        self._servers_by_name[name] = self._wait(server, is_ready, launch_again)

    def stop(self) -> None:
        """Stop the servers, the last one first."""
        for server in reversed(self.servers):
            self.report(f"Stopping {server.name}")
            server.stop()
        self.servers.clear()

    def _start_missing(self) -> None:
        """Launch all before waiting for any: together they take as long as the slowest."""
        launches = self._launches
        missing = {name: launch for name, launch in launches.items() if name not in self.endpoints}
        launched = {name: launch() for name, launch in missing.items()}
        for name, (server, is_ready) in launched.items():
            self._servers_by_name[name] = self._wait(server, is_ready, missing[name])

    @property
    def _launches(self) -> dict[str, Launch]:
        return {
            "TEMPORAL_ADDRESS": self._launch_temporal,
            "REDIS_URL": self._launch_redis,
            "DATABASE_URL": self._launch_postgres,
        }

    def _wait(self, server: Server, is_ready: Ready, launch_again: Launch) -> Server:
        """Wait for one server; when somebody took its port meanwhile, start it on another."""
        for attempt in range(1, STARTS_PER_SERVER + 1):
            try:
                server.wait_until(is_ready, READY_SECONDS)
            except ServerFailed:
                lost_its_port = "in use" in server.last_lines()
                if server.is_running() or not lost_its_port or attempt == STARTS_PER_SERVER:
                    raise
                self.servers.remove(server)
                server, is_ready = launch_again()
            else:
                self.report(f"{server.name} is ready")
                return server
        raise AssertionError("the last attempt returns or raises")

    def _port(self, name: str) -> int:
        """The port of the previous start when it is still free, else another."""
        previous = port_of(self._previous.get(name, ""))
        return free_port([previous] if previous else [])

    def _log(self, name: str) -> Path:
        return self.state_dir / "log" / f"{name}.log"

    def _launch_postgres(self) -> tuple[Server, Ready]:
        port, password = self._port("DATABASE_URL"), self._secrets["POSTGRES_PASSWORD"]
        self.report("Starting PostgreSQL")
        server = postgres_server.start(
            postgres_home(self.state_dir / "postgres"),
            port=port,
            password=password,
            log=self._log("postgres"),
            is_throw_away=self.is_throw_away,
            held_files=self.held_files,
        )
        self.servers.append(server)
        self.endpoints["DATABASE_URL"] = postgres_server.url(port, password)
        return server, lambda: postgres_server.answers(port, password)

    def _launch_redis(self) -> tuple[Server, Ready]:
        port, password = self._port("REDIS_URL"), self._secrets["REDIS_PASSWORD"]
        self.report("Starting Redis")
        server = redis_server.start(
            self.state_dir / "redis",
            port=port,
            password=password,
            log=self._log("redis"),
            is_throw_away=self.is_throw_away,
            held_files=self.held_files,
        )
        self.servers.append(server)
        address = redis_server.url(port, password)
        self.endpoints["REDIS_URL"] = address
        return server, lambda: redis_server.answers(address)

    def _launch_temporal(self) -> tuple[Server, Ready]:
        port = self._port("TEMPORAL_ADDRESS")
        ui_port = None if self.is_throw_away else self._port("TEMPORAL_UI_URL")
        self.report("Starting Temporal")
        server = temporal_server.start(
            self.state_dir / "temporal",
            port=port,
            ui_port=ui_port,
            log=self._log("temporal"),
            namespaces=self.namespaces,
            held_files=self.held_files,
        )
        self.servers.append(server)
        address = f"{LOOPBACK}:{port}"
        self.endpoints["TEMPORAL_ADDRESS"] = address
        if ui_port is not None:
            self.endpoints["TEMPORAL_UI_URL"] = f"http://{LOOPBACK}:{ui_port}"
        namespace = self.namespaces[-1] if self.namespaces else "default"
        return server, lambda: temporal_server.answers(address, namespace)
