"""Errors as people and programs see them: a page, a message in the page, or JSON; the same words and status in each."""

from __future__ import annotations

import errno
import logging
import sys
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from wanghuo.base import AppError, Text
from wanghuo.kernel.ui.language import say
from wanghuo.kernel.ui.pages import is_fragment, render, wants_json

log = logging.getLogger(__name__)

TITLES = {
    400: Text("请求无法处理", "The request cannot be handled"),
    403: Text("没有权限", "Not permitted"),
    404: Text("没有这条，或不在你的范围", "Nothing here, or outside your scope"),
    409: Text("现在不能这样做", "Not possible now"),
    413: Text("内容太大", "Too large"),
    422: Text("输入有误", "The input is not valid"),
    429: Text("请求太多", "Too many requests"),
    500: Text("系统出错", "Something broke"),
    503: Text("暂时无法服务", "Not available right now"),
    507: Text("磁盘空间不足", "The disk is full"),
}
ABSENT = Text(
    "没有这条，或不在你的范围。请核对地址；若你应当能看到，请联系授权你的管理员。",
    "There is nothing here, or it is outside your scope. Check the address; if you should see it, ask the "
    "administrator who granted your role.",
)
NO_RIGHT = Text(
    "你的角色没有这项权限；可请本单位的安全管理员授予。",
    "Your role lacks this right; your security administrator can grant it.",
)
BROKEN = Text(
    "出了我们没料到的错，已记录。可以重试；若再出现，请把下面的时间报给系统管理员。",
    "Something we did not expect went wrong and was recorded. Try again; if it happens again, quote the time "
    "below to your system administrator.",
)


class DiskFull(AppError):
    """What was sent could not be kept: a disk of the server has no room."""

    code = "disk_full"
    status = 507
    text = Text(
        "服务器磁盘空间已满，这次没有保存；请稍后再试，并告知系统管理员腾出空间。",
        "The server's disk is full and this was not kept; try again later, and tell your system administrator to free "
        "space.",
    )


class Busy(AppError):
    """What was sent could not be kept in time: others were writing all the while."""

    code = "busy"
    status = 503
    text = Text(
        "系统正忙，等了很久仍轮不到写入，这次没有保存；请稍后再试。",
        "The system is busy: others were writing all the while, and this was not kept; try again in a moment.",
    )


def of_the_server(error: BaseException | None) -> AppError | None:
    """The error in words, where it is the server's state that kept something from being stored; else None."""
    if is_full_disk(error):
        return DiskFull()
    return Busy() if isinstance(error, OperationalError) and "database is locked" in str(error) else None


def is_full_disk(error: BaseException | None) -> bool:
    """Whether an error says that a disk is full: of the system, or of SQLite."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, OperationalError) and "disk is full" in str(error)


def answer(request: HttpRequest, *, status: int, code: str, message: Text) -> HttpResponse:
    """An error in the form the caller can use.

    A program gets `{"code", "message"}` with both languages in `messages`; htmx gets a line for the message region, so
    that the page stays as it was; a browser gets a page.
    """
    if wants_json(request):
        body = {"code": code, "message": say(message), "messages": {"zh": message.zh, "en": message.en}}
        return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    context = {
        "status": status,
        "code": code,
        "message": message,
        "title": TITLES.get(status, TITLES[400 if status < 500 else 500]),
        "at": timezone.now(),
    }
    if is_fragment(request):
        response = render(request, "ui/_toast.html", context, status=status)
        response["HX-Retarget"] = "#toasts"
        response["HX-Reswap"] = "beforeend"
        return response
    return render(request, "ui/error.html", context, status=status)


def answer_app_error(request: HttpRequest, error: AppError) -> HttpResponse:
    """An expected error. The response carries the error as `app_error`, for the audit of refusals."""
    response = answer(request, status=error.status, code=error.code, message=error.message)
    response.app_error = error  # type: ignore[attr-defined]
    return response


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Absent and out of scope look the same."""
    return answer(request, status=404, code="not_found", message=ABSENT)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """In scope, but without the right."""
    return answer(request, status=403, code="not_permitted", message=NO_RIGHT)


def broken(request: HttpRequest) -> HttpResponse:
    """A bug of ours, or a full disk while the request was read. The page itself must not fail: should the template need what is broken, plain words come
    instead."""
    try:
        if (known := of_the_server(sys.exc_info()[1])) is not None:
            return answer_app_error(request, known)
        return answer(request, status=500, code="broken", message=BROKEN)
    except Exception:
        log.exception("The error page itself failed.")
        return HttpResponse(str(BROKEN), status=500, content_type="text/plain; charset=utf-8")
