"""native:http_request: one HTTP request to the public internet, through the outbound guard."""

import http

import httpx2
from django.conf import settings
from pydantic import JsonValue

from common import strict_json
from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.outbound.bounded_transport import AnswerTooLarge
from discovery.outbound.network import AddressRefused, guarded_client, parse_url
from discovery.tool_errors import ToolCallFailed

_RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Set by the connection itself; given by a caller they contradict it.
_RESERVED_HEADERS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te"),
        *("trailer", "upgrade", "expect", "accept-encoding", "proxy-authorization"),
    }
)
_BEFORE_SENDING = (
    httpx2.ConnectError,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
# What a workflow may want to know about an answer; cookies and a server's banner are not among it.
_SHOWN_HEADERS = (
    *("content-type", "content-language", "date", "etag", "last-modified", "link"),
    *("location", "retry-after", "x-request-id", "x-ratelimit-remaining"),
)


async def http_request(arguments: Arguments, idempotency_key: str) -> JsonValue:
    """Send the request and read the whole answer; a status outside 2xx fails unless `fail_on_error` is false."""
    try:
        request = _build(arguments, idempotency_key)
        response = await _send(request, arguments.get("timeout_seconds"))
    except AddressRefused as refusal:
        raise _failed("address_refused", str(refusal)) from None
    except AnswerTooLarge as error:
        raise _failed("answer_too_large", str(error)) from None
    except httpx2.TimeoutException:
        raise ToolCallFailed(
            f"{request.url.host} did not answer in time.", kind="timeout", is_retryable=True
        ) from None
    except httpx2.HTTPError as error:
        raise _failed_on_the_way(error, request.url.host) from None
    if arguments.get("fail_on_error", True) and not response.is_success:
        raise _failed_with_status(response)
    return {
        "status": response.status_code,
        "ok": response.is_success,
        "headers": {
            name: response.headers[name] for name in _SHOWN_HEADERS if name in response.headers
        },
        "body": _read_body(response, arguments.get("response_format", "auto")),
    }


def _build(arguments: Arguments, idempotency_key: str) -> httpx2.Request:
    method, url = arguments.get("method", "GET"), parse_url(arguments["url"])
    if "query" in arguments:
        url = url.copy_merge_params(arguments["query"])
    content = _content(arguments, method)
    try:
        headers = httpx2.Headers(arguments.get("headers", {}))
        headers.setdefault("user-agent", "workflow-builder")
    except UnicodeEncodeError:
        raise _failed(
            "invalid_headers", "Header names and values must be plain ASCII text."
        ) from None
    _refuse_reserved(headers)
    if method not in ("GET", "HEAD") and idempotency_key:
        headers.setdefault("idempotency-key", idempotency_key)
    if "json" in arguments:
        headers.setdefault("content-type", "application/json")
    elif content is not None:
        headers.setdefault("content-type", "text/plain; charset=utf-8")
    return httpx2.Request(method, url, headers=headers, content=content)


def _content(arguments: Arguments, method: str) -> bytes | None:
    if "json" in arguments and "body" in arguments:
        raise _failed("two_bodies", "Give 'json' or 'body', not both.")
    if "json" not in arguments and "body" not in arguments:
        return None
    if method not in _BODY_METHODS:
        raise _failed("unexpected_body", f"A {method} request has no body.")
    if "body" in arguments:
        return str(arguments["body"]).encode()
    return httpx2.Request("POST", "http://body", json=arguments["json"]).content


def _refuse_reserved(headers: httpx2.Headers) -> None:
    for name in headers:
        if name.lower() in _RESERVED_HEADERS:
            raise _failed(
                "reserved_header", f"The header {name!r} is set by the connection itself."
            )


async def _send(request: httpx2.Request, seconds: float | None) -> httpx2.Response:
    limit = settings.OUTBOUND_TIMEOUT_SECONDS
    async with guarded_client(timeout_seconds=min(seconds or limit, limit)) as client:
        return await client.send(request)


def _read_body(response: httpx2.Response, wanted: str) -> JsonValue:
    """JSON if the server says so or it is asked for, else text."""
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not response.content:
        return None
    if wanted == "json" or (wanted == "auto" and is_json):
        return _read_json(response.content)
    text = response.text
    try:
        strict_json.check(text)
    except strict_json.RefusedJson:
        raise _failed("not_text", "The answer is neither JSON nor text.") from None
    return text


def _read_json(content: bytes) -> JsonValue:
    try:
        value: JsonValue = strict_json.loads(content, max_bytes=settings.OUTBOUND_MAX_BYTES)
    except strict_json.RefusedJson as error:
        hint = "Set 'response_format' to 'text' to take it as it is."
        raise _failed("invalid_json", f"The answer is no JSON. {error.detail}", hint=hint) from None
    return value


def _failed_on_the_way(error: httpx2.HTTPError, host: str) -> ToolCallFailed:
    # The name of the error only: its text can quote what the server sent.
    name = type(error).__name__
    if isinstance(error, _BEFORE_SENDING):
        return _failed("unreachable", f"{host} could not be reached ({name}).", is_retryable=True)
    message = f"The connection to {host} broke off before its answer was there ({name})."
    return _failed("connection_lost", message, is_retryable=True)


def _failed_with_status(response: httpx2.Response) -> ToolCallFailed:
    status = response.status_code
    try:
        phrase = f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    hint = "Set 'fail_on_error' to false to get the answer as a result."
    if response.is_redirect:
        hint = "Redirects are not followed. Call the final address."
    return _failed(
        f"http_{status}",
        f"{response.request.url.host} answered {status}{phrase}.",
        hint=hint,
        is_retryable=status in _RETRYABLE_STATUS,
    )


def _failed(
    code: str, message: str, *, hint: str = "", is_retryable: bool = False
) -> ToolCallFailed:
    return ToolCallFailed(message, code=code, hint=hint, is_retryable=is_retryable)


_HEADER_TEXT = {"type": "string", "maxLength": 8_000, "pattern": "^[^\\r\\n\\u0000]*$"}

TOOL = NativeTool(
    name="http_request",
    description=(
        "Send an HTTP request (GET, POST, PUT, PATCH, DELETE, HEAD) to a web address and return status, headers and "
        "body. Use it to call a REST API or a webhook, fetch or download a web page or JSON data from a URL."
    ),
    input_schema=closed_object(
        {
            "url": {
                "type": "string",
                "minLength": 1,
                "maxLength": 2_000,
                "description": "http:// or https:// address in the public internet.",
            },
            "method": {
                "type": "string",
                "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                "default": "GET",
            },
            "query": {
                "type": "object",
                "maxProperties": 50,
                "additionalProperties": {"type": ["string", "number", "integer", "boolean"]},
                "description": "Added to the address as ?name=value.",
            },
            "headers": {
                "type": "object",
                "maxProperties": 50,
                "propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"},
                "additionalProperties": _HEADER_TEXT,
            },
            "json": {"description": "A JSON body."},
            "body": {"type": "string", "maxLength": 1_000_000, "description": "A text body."},
            "response_format": {
                "type": "string",
                "enum": ["auto", "json", "text"],
                "default": "auto",
                "description": "'auto' parses JSON if the server says that it is JSON.",
            },
            "timeout_seconds": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 600,
                "description": "For the whole exchange; at most what the operator allows.",
            },
            "fail_on_error": {
                "type": "boolean",
                "default": True,
                "description": "Whether a status outside 200 to 299 fails the step.",
            },
        },
        required=("url",),
    ),
    output_schema=closed_object(
        {
            "status": {"type": "integer"},
            "ok": {"type": "boolean", "description": "Whether the status is 200 to 299."},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "body": {"description": "JSON value, or text, or null if there was none."},
        },
        required=("status", "ok", "headers", "body"),
    ),
    function=http_request,
    read_only=False,
    idempotent=False,
    # RFC 9110, 9.2.1: they ask for nothing to be changed.
    may_repeat=lambda arguments: arguments.get("method", "GET") in ("GET", "HEAD"),
)
