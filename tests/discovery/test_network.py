"""The outbound guard: what it refuses, what it lets through, and that nothing gets round it."""

import time
from collections.abc import Iterator
from ipaddress import ip_address

import httpx2
import pytest
from pytest_django import Settings

from common.errors import Invalid
from discovery.native_tools import call_native_tool
from discovery.outbound.addresses import AllowList, is_public
from discovery.outbound.bounded_transport import AnswerTooLarge
from discovery.outbound.network import AddressRefused, check_url, guarded_client
from discovery.tool_errors import ToolCallFailed
from tests.fakes.web_server import WebServer

INSIDE = [
    # IPv4, each special range at its edges
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    # IPv6
    "::",
    "::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "100::1",
    "2001:db8::1",
    "2001:2::1",
    "3fff::1",
    "5f00::1",
    # IPv4 inside IPv6
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2606:4700::5efe:a00:1",
    "2606:4700::200:5efe:7f00:1",
]

OUTSIDE = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "128.0.0.1",
    "168.63.129.17",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]

REFUSED_URLS = [
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "example.org/path",
    "//example.org/path",
    "",
    "http://",
    "http:///path",
    "https://user:password@example.org/",
    "https://user@example.org/",
    "https://example.org\\@127.0.0.1/",
    "https://example.org/a b",
    "https://example.org/\r\nHost: inside",
    "https://example.org/\x00",
    "https://example.org:99999/",
    "https://example.org:0/",
    "https://[::1/",
    "https://" + "a" * 3000,
    # one address, written in many ways
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/",
    "http://localhost/",
    "http://localhost./",
    "http://LOCALHOST:8080/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://0/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "https://10.0.0.1/",
]


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def allowed_web(web: WebServer, settings: Settings) -> WebServer:
    """The same server, on the operator's list."""
    settings.OUTBOUND_ALLOWLIST = [f"127.0.0.1:{web.port}"]
    return web


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_outside_the_public_internet_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_an_address_of_the_public_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_that_must_not_be_called_is_refused_at_registration(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_url(url)
    assert refusal.value.code == "url_refused"


@pytest.mark.parametrize("url", REFUSED_URLS)
async def test_a_url_that_must_not_be_called_is_refused_at_the_call(url: str) -> None:
    with pytest.raises(ToolCallFailed) as refusal:
        await call_native_tool("http_request", {"url": url})
    # What is empty or too long does not get past the tool's own schema.
    assert refusal.value.code in ("address_refused", "invalid_arguments")
    assert not refusal.value.is_retryable


def refusal_of(url: str) -> str | None:
    """Why the address can't be registered; null if it can."""
    try:
        check_url(url)
    except Invalid as refused:
        return refused.detail
    return None


@pytest.mark.parametrize(
    "url",
    [
        "https://1.1.1.1/",
        "http://8.8.8.8:8080/path?q=1",
        "https://[2606:4700:4700::1111]/mcp",
        "https://a-name-that-resolves-nowhere.invalid/mcp",
    ],
)
def test_a_public_url_can_be_registered(url: str) -> None:
    assert refusal_of(url) is None


async def test_the_refusal_reaches_no_server_and_says_what_the_operator_can_do(
    web: WebServer,
) -> None:
    async with guarded_client() as client:
        with pytest.raises(AddressRefused, match="OUTBOUND_ALLOWLIST"):
            await client.get(f"{web.url}/echo")
    assert web.received == []


async def test_the_operators_list_opens_one_port_of_one_address(allowed_web: WebServer) -> None:
    async with guarded_client() as client:
        answer = await client.get(f"{allowed_web.url}/echo")
    assert answer.status_code == 200
    with WebServer() as neighbour:
        async with guarded_client() as client:
            with pytest.raises(AddressRefused):
                await client.get(f"{neighbour.url}/echo")
        assert neighbour.received == []


async def test_the_operators_list_is_read_at_each_call(
    allowed_web: WebServer, settings: Settings
) -> None:
    async with guarded_client() as client:
        await client.get(f"{allowed_web.url}/echo", headers={"Connection": "close"})
        settings.OUTBOUND_ALLOWLIST = []
        with pytest.raises(AddressRefused):
            await client.get(f"{allowed_web.url}/echo")
    assert len(allowed_web.received) == 1


async def test_a_listed_host_name_may_lie_inside(web: WebServer, settings: Settings) -> None:
    settings.OUTBOUND_ALLOWLIST = ["Intranet.Example"]

    async def inside(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with guarded_client(resolver=inside) as client:
        answer = await client.get(f"http://intranet.example:{web.port}/echo")
        assert answer.json()["headers"]["host"] == f"intranet.example:{web.port}"
        with pytest.raises(AddressRefused):
            await client.get(f"http://other.example:{web.port}/echo")
    assert len(web.received) == 1


async def test_a_broken_list_allows_nothing_and_says_so(web: WebServer, settings: Settings) -> None:
    settings.OUTBOUND_ALLOWLIST = [f"127.0.0.1:{web.port}", "10.0.0.0/99"]
    async with guarded_client() as client:
        with pytest.raises(AddressRefused, match=r"10\.0\.0\.0/99"):
            await client.get(f"{web.url}/echo")
    assert web.received == []


@pytest.mark.parametrize(
    "entry", ["10.0.0.0/99", "host:0", "host:65536", "host:x", "[::1]:", "a/b", "."]
)
def test_a_list_entry_that_means_nothing_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match=r"port|network"):
        AllowList.parse([entry])


async def test_one_inside_address_refuses_the_whole_host(web: WebServer) -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["93.184.215.14", "127.0.0.1"]

    async with guarded_client(resolver=mixed) as client:
        with pytest.raises(AddressRefused):
            await client.get(f"http://mixed.example:{web.port}/echo")
    assert web.received == []


async def test_a_name_that_changes_its_address_after_the_check_is_asked_only_once(
    allowed_web: WebServer, settings: Settings
) -> None:
    # 127.0.0.2 is not listed: had the name been resolved again for the connection, it would lead there.
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    async with guarded_client(resolver=rebinding) as client:
        url = f"http://rebinding.example:{allowed_web.port}/echo"
        answer = await client.get(url, headers={"Connection": "close"})
        assert answer.status_code == 200
        assert asked == ["rebinding.example"]
        with pytest.raises(AddressRefused):
            await client.get(url)
    assert len(allowed_web.received) == 1


async def test_a_host_without_an_address_is_an_ordinary_connection_error() -> None:
    async with guarded_client() as client:
        with pytest.raises(httpx2.ConnectError, match=r"nowhere\.invalid"):
            await client.get("http://nowhere.invalid/")


async def test_a_redirect_is_not_followed(allowed_web: WebServer) -> None:
    async with guarded_client() as client:
        answer = await client.get(f"{allowed_web.url}/redirect")
    assert answer.status_code == 302
    assert [request["path"] for request in allowed_web.received] == ["/redirect"]


async def test_an_answer_of_exactly_the_limit_is_taken(allowed_web: WebServer) -> None:
    async with guarded_client(max_bytes=1000) as client:
        assert len((await client.get(f"{allowed_web.url}/big/1000")).content) == 1000


@pytest.mark.parametrize("path", ["big/1001", "endless"])
async def test_an_answer_over_the_limit_is_refused_while_it_comes(
    allowed_web: WebServer, path: str
) -> None:
    async with guarded_client(max_bytes=1000) as client:
        with pytest.raises(AnswerTooLarge):
            await client.get(f"{allowed_web.url}/{path}")


async def test_a_compressed_answer_is_refused_before_it_unfolds(allowed_web: WebServer) -> None:
    # 5 kB that would become 5 MB.
    async with guarded_client(max_bytes=100_000) as client:
        with pytest.raises(AnswerTooLarge, match="compressed"):
            await client.get(f"{allowed_web.url}/gzip")
    assert allowed_web.received[0]["headers"]["accept-encoding"] == "identity"


@pytest.mark.parametrize("path", ["hang", "drip"])
async def test_the_deadline_covers_the_whole_answer(allowed_web: WebServer, path: str) -> None:
    started = time.monotonic()
    async with guarded_client(timeout_seconds=0.3) as client:
        with pytest.raises(httpx2.TimeoutException):
            await client.get(f"{allowed_web.url}/{path}")
    assert time.monotonic() - started < 2


async def test_a_proxy_of_the_environment_is_not_used(
    allowed_web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with guarded_client() as client:
            await client.get(f"{allowed_web.url}/echo")
        assert proxy.received == []
    assert len(allowed_web.received) == 1
