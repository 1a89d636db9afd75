"""Addresses for the tests of the request's thread."""

import asyncio
import threading
from collections.abc import Callable, Iterator

from asgiref.sync import async_to_sync
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

release = threading.Event()
cancelled = threading.Event()


class NotesThread:
    """Middleware that tells in headers which thread it was called in, before the view and after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        before = threading.get_ident()
        response = self.get_response(request)
        response.headers["X-Before"] = str(before)
        response.headers["X-After"] = str(threading.get_ident())
        return response


def thread(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(request.body, status=201)
    response.set_cookie("first", "1")
    response.set_cookie("second", "2")
    return response


def pieces(request: HttpRequest) -> StreamingHttpResponse:
    def read() -> Iterator[bytes]:
        yield b"one "
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'two'")
            yield cursor.fetchone()[0].encode()

    return StreamingHttpResponse(read())


def fail(request: HttpRequest) -> HttpResponse:
    raise LookupError("on purpose")


def wait(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(release.wait(20)))


def loop(request: HttpRequest) -> JsonResponse:
    async def current() -> int:
        return id(asyncio.get_running_loop())

    return JsonResponse({"loop": async_to_sync(current)()})


def wait_for_ever(request: HttpRequest) -> HttpResponse:
    async def for_ever() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    async_to_sync(for_ever)()
    return HttpResponse()


urlpatterns = [
    path("wait-for-ever", wait_for_ever),
    path("thread", thread),
    path("echo", echo),
    path("pieces", pieces),
    path("api/fail", fail),
    path("wait", wait),
    path("loop", loop),
]
