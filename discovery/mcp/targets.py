"""From a server's row to its address: secrets are looked up here, at the moment of use, and go no further."""

from dataclasses import dataclass

from django.conf import settings

from discovery.mcp.addresses import Address, HttpAddress, StdioAddress, pairs
from discovery.mcp.config import BrokenConfig, StdioServer, read_config
from discovery.mcp.failures import ServerUnreachable
from discovery.models import McpServer


@dataclass(frozen=True)
class Target:
    """Where a server is, and which of its tools the operator allows (null: all)."""

    address: Address
    allowed_tools: frozenset[str] | None = None

    def allows(self, tool: str) -> bool:
        """Whether this tool may be listed and called."""
        return self.allowed_tools is None or tool in self.allowed_tools


def target_of(server: McpServer) -> Target:
    """The server's address with its secrets; raises `ServerUnreachable` with the reason where there is none."""
    if server.transport == McpServer.Transport.STDIO:
        return _target_of_command(_configured(server.pk))
    headers: object = server.headers
    if not (
        headers is None or isinstance(headers, dict)
    ):  # the field gives ciphertext back as it is
        raise ServerUnreachable(
            "The stored headers can't be decrypted: SECRET_KEY or ENCRYPTION_SALTS was changed. Enter them again."
        )
    return Target(HttpAddress(server.url, pairs(server.headers)))


def _configured(server_id: str) -> StdioServer:
    try:
        config = read_config(settings.MCP_CONFIG, only=server_id)
    except BrokenConfig as error:
        raise ServerUnreachable(str(error)) from error
    if server_id in config.problems:
        raise ServerUnreachable(config.problems[server_id])
    if server_id not in config.servers:
        raise ServerUnreachable(f"{settings.MCP_CONFIG.name} has no server {server_id!r} any more.")
    return config.servers[server_id]


def _target_of_command(server: StdioServer) -> Target:
    address = StdioAddress(
        command=server.command, args=server.args, cwd=server.cwd, env=pairs(server.env)
    )
    return Target(address, server.allowed_tools)
