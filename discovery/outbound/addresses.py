"""Which IP addresses an outgoing call may reach: public ones, and what the operator allows by name.

Python's `is_global` is not enough: CPython 3.11 calls ::127.0.0.1, NAT64, 6to4, fec0::/10, multicast and a cloud's
168.63.129.16 global. So this is a list of our own, after the IANA special-purpose registries (RFC 6890), and every
form of IPv6 address that carries an IPv4 address is judged by that one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata at 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata at 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address, and its relays are gone
        "3fff::/20",  # documentation
    )
)
_MAPPED_V4 = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP_MARKS = (0x00005EFE, 0x02005EFE)


def is_public(address: Address) -> bool:
    """Whether the address lies in the public internet, whatever form it is written in."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    carried = carried_ipv4(address)
    if carried is not None:
        return is_public(carried)
    if address not in _GLOBAL_UNICAST_V6:
        return False
    if any(address in network for network in _NOT_PUBLIC_V6):
        return False
    return not _is_isatap_of_inside(address)


def carried_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a connection to this IPv6 address ends at, for the two forms still in use.

    IPv4-mapped, and the well-known NAT64 prefix, with which whole networks reach the old internet (RFC 6052). The
    other carriers (IPv4-compatible, 6to4, Teredo, local NAT64) are refused as they stand.
    """
    if address in _MAPPED_V4 or address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_isatap_of_inside(address: IPv6Address) -> bool:
    """Interface ids of RFC 5214 end a tunnel at an IPv4 address."""
    mark, inner = (int(address) >> 32) & 0xFFFFFFFF, int(address) & 0xFFFFFFFF
    return mark in _ISATAP_MARKS and not is_public(IPv4Address(inner))


@dataclass(frozen=True)
class _Allowed:
    """One entry of the operator's list: a network or a host name, at one port or at any."""

    network: Network | None
    host: str
    port: int | None

    def covers(self, host: str, address: Address, port: int) -> bool:
        """Whether a connection to `address`, found under the name `host`, is meant."""
        if self.port is not None and self.port != port:
            return False
        if self.network is None:
            return host.rstrip(".").casefold() == self.host
        return address.version == self.network.version and address in self.network


@dataclass(frozen=True)
class AllowList:
    """What the operator allows beside the public internet."""

    entries: tuple[_Allowed, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "AllowList":
        """Read entries such as `10.0.0.0/8`, `[::1]:8080`, `intranet.example:8443`; raises `ValueError`."""
        return cls(tuple(_parse_entry(text.strip()) for text in texts if text.strip()))

    def allows(self, host: str, address: Address, port: int) -> bool:
        """Whether some entry covers the connection; an IPv4 address carried in IPv6 counts as itself."""
        carried = carried_ipv4(address) if isinstance(address, IPv6Address) else None
        return any(entry.covers(host, carried or address, port) for entry in self.entries)


def parse_address(text: str) -> Address:
    """An address as the resolver writes it; a zone (`fe80::1%eth0`) does not change what it is."""
    return ip_address(text.partition("%")[0])


def _parse_entry(text: str) -> _Allowed:
    name, port = _split_port(text)
    try:
        return _Allowed(ip_network(name), "", port)
    except ValueError:
        if "/" in name or ":" in name or not name.strip("."):
            raise ValueError(
                f"{text!r} is neither a network such as 10.0.0.0/8 nor a host name, with or without a port."
            ) from None
    return _Allowed(None, name.rstrip(".").casefold(), port)


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        return name, _port(rest.removeprefix(":"), text) if rest else None
    if text.count(":") == 1:
        name, _, digits = text.partition(":")
        return name, _port(digits, text)
    return text, None


def _port(digits: str, text: str) -> int:
    if digits.isascii() and digits.isdigit() and 0 < int(digits[:6]) < 65536:
        return int(digits)
    raise ValueError(f"{text!r} has no port from 1 to 65535 after the colon.")
