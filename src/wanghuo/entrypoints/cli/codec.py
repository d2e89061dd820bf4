"""`wanghuo decode gb26875` and `wanghuo encode gb26875`: a byte stream as JSON lines, and back to the same bytes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from wanghuo.base import AppError, Invalid, Text
from wanghuo.engines.codecs.gb26875.lines import event_to_line, line_to_bytes
from wanghuo.engines.codecs.gb26875.stream import StreamDecoder

CODECS = ("gb26875",)
_CHUNK = 1 << 16
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


class UnknownCodec(Invalid):
    """No such codec."""

    code = "codec.unknown"
    text = Text("没有编解码器“{name}”；可用：{known}。", "There is no codec “{name}”; available: {known}.")


class UnreadableInput(Invalid):
    """The input file cannot be read."""

    code = "codec.unreadable"
    text = Text("无法读取 {path}：{why}。", "{path} cannot be read: {why}.")


class BadHex(Invalid):
    """The argument of --hex is no hexadecimal text."""

    code = "codec.bad_hex"
    text = Text(
        "--hex 应为成对的十六进制数字，可含空格；第 {position} 个字符起有误。",
        "--hex takes pairs of hexadecimal digits, blanks allowed; it is wrong from character {position} on.",
    )


class TwoInputs(Invalid):
    """Both --hex and a file."""

    code = "codec.two_inputs"
    text = Text("--hex 和文件只能给一个。", "Give either --hex or a file, not both.")


class BadInputLine(Invalid):
    """One line of the input of `encode` cannot be encoded."""

    code = "codec.bad_line"
    text = Text("第 {number} 行：{why}", "Line {number}: {why}")


_NOT_JSON = Text("不是 JSON 对象。", "it is not JSON.")


class BadArguments(Invalid):
    """Options that the command does not know."""

    code = "codec.bad_arguments"
    text = Text("参数有误（{why}）。{usage}", "The arguments are not valid ({why}). {usage}")


def add_parsers(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Register `decode` and `encode`."""
    for name, options, act, told in (
        ("decode", _decode_options, _decode, "字节流 → JSON 行 / byte stream to JSON lines"),
        ("encode", _encode_options, _encode, "JSON 行 → 字节流 / JSON lines to bytes"),
    ):
        parser = subparsers.add_parser(name, help=told, description=told, epilog=f"wanghuo {name} gb26875 --help")
        parser.add_argument("codec", help="gb26875: GB/T 26875.3-2011")
        parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="选项和文件 / options and a file")
        parser.set_defaults(run=partial(_run, name, options, act))


class _Options(argparse.ArgumentParser):
    """Parsed apart from the main parser, which would not take a file behind an option."""

    def error(self, message: str) -> NoReturn:
        raise BadArguments(why=message, usage=self.format_usage().strip())


def _decode_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hex", help="十六进制输入 / the input itself, in hexadecimal")


def _encode_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-hex", action="store_true", help="每帧输出一行十六进制 / print one hexadecimal line each")


def _run(
    name: str,
    add_options: Callable[[argparse.ArgumentParser], None],
    act: Callable[[argparse.Namespace], None],
    args: argparse.Namespace,
) -> int:
    """Run `act`; an expected error goes to standard error in both languages and exits with 2."""
    try:
        if args.codec not in CODECS:
            raise UnknownCodec(name=args.codec, known=", ".join(CODECS))
        parser = _Options(prog=f"wanghuo {name} {args.codec}")
        parser.add_argument(
            "file", nargs="?", help="文件，或 - 表示标准输入 / a file, or - for standard input (default)"
        )
        parser.add_argument("--bcd-time", action="store_true", help="时间标签为 BCD / time labels are BCD digits")
        add_options(parser)
        act(parser.parse_intermixed_args(args.rest))
        sys.stdout.flush()
    except AppError as error:
        sys.stdout.flush()
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        # the reader has seen enough; keep the interpreter from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _decode(args: argparse.Namespace) -> None:
    if args.hex is not None and args.file is not None:
        raise TwoInputs
    chunks = [_unhex(args.hex)] if args.hex is not None else _chunks(args.file)
    out = sys.stdout.buffer
    for line in _lines(chunks, bcd_time=args.bcd_time):
        out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode())
        out.write(b"\n")


def _lines(chunks: Iterable[bytes], *, bcd_time: bool) -> Iterator[dict[str, Any]]:
    decoder = StreamDecoder()
    for chunk in chunks:
        for event in decoder.feed(chunk):
            yield event_to_line(event, bcd_time=bcd_time)
    for event in decoder.close():
        yield event_to_line(event, bcd_time=bcd_time)


def _encode(args: argparse.Namespace) -> None:
    out = sys.stdout.buffer
    for number, line in enumerate(_text_lines(args.file), 1):
        if not line.strip():
            continue
        try:
            raw = line_to_bytes(json.loads(line), bcd_time=args.bcd_time)
        except (ValueError, RecursionError):
            raise BadInputLine(number=number, why=_NOT_JSON) from None
        except AppError as error:
            raise BadInputLine(number=number, why=error.message) from None
        out.write(raw.hex().encode() + b"\n" if args.as_hex else raw)


def _unhex(text: str) -> bytes:
    kept = "".join(text.split())
    wrong = next((at for at, char in enumerate(kept) if char not in _HEX_DIGITS), None)
    if wrong is None and len(kept) % 2:
        wrong = len(kept)
    if wrong is not None:
        raise BadHex(position=wrong + 1)
    return bytes.fromhex(kept)


def _opened(path: str | None) -> Any:
    if path is None or path == "-":
        return nullcontext(sys.stdin.buffer)
    return Path(path).open("rb")


def _chunks(path: str | None) -> Iterator[bytes]:
    def read(source: BinaryIO) -> bytes:
        # read1 hands over what a pipe has, so that a live capture shows at once
        return source.read1(_CHUNK) if hasattr(source, "read1") else source.read(_CHUNK)

    yield from _reading(path, lambda source: iter(lambda: read(source), b""))


def _text_lines(path: str | None) -> Iterator[bytes]:
    yield from _reading(path, iter)


def _reading(path: str | None, pieces: Callable[[BinaryIO], Iterator[bytes]]) -> Iterator[bytes]:
    try:
        source = _opened(path)
    except OSError as error:
        raise UnreadableInput(path=path, why=error.strerror or error) from None
    with source as opened:
        found = pieces(opened)
        while True:
            try:
                piece = next(found)
            except StopIteration:
                return
            except OSError as error:
                raise UnreadableInput(path=path or "-", why=error.strerror or error) from None
            yield piece
