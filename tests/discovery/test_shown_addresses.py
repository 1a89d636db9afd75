"""Of an address only what names a place is kept, not what opens it."""

import pytest

from discovery.shown_addresses import shown_origin


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("https://mcp.example.org/mcp?k=v", "https://mcp.example.org"),
        ("https://mcp.eu-west-1.node12.example.org:8443/x", "https://mcp.eu-west-1.node12.example.org:8443"),
        ("https://k3y:s3cr3t@mcp.example.org/", "https://mcp.example.org"),
        ("https://x7k2p9qw8r3t.tunnel.example.org/", "https://***.tunnel.example.org"),
        ("https://crm-x7k2p9qw8r3t.example.org:1/", "https://***.example.org:1"),
        ("https://3f2504e0-4f89-11d3-9a0c-0305e82c3301.example.org/", "https://***.example.org"),
        ("https://abcdefghijklmnopqrstuvwxyzabcdef.example.org/", "https://***.example.org"),
        ("http://[::1]:80/x", "http://[::1]:80"),
        ("http://192.168.100.200/", "http://192.168.100.200"),
        ("https://customer-production-gateway.example.org/", "https://customer-production-gateway.example.org"),
    ],
)  # fmt: skip
def test_what_is_shown(url: str, shown: str) -> None:
    assert shown_origin(url) == shown
