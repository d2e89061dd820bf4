"""The commands `wanghuo decode gb26875` and `wanghuo encode gb26875`, run as processes."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import wanghuo
from wanghuo.engines.codecs.gb26875 import decode_datagram
from wanghuo.engines.codecs.gb26875.lines import event_to_line
from wanghuo.engines.codecs.gb26875.testing import FIRE, random_frame, random_noise

RUN = """
import argparse, sys
from wanghuo.entrypoints.cli.codec import add_parsers
assert "django" not in sys.modules
parser = argparse.ArgumentParser()
add_parsers(parser.add_subparsers(required=True))
args = parser.parse_args()
sys.exit(args.run(args))
"""
ENV = os.environ | {"PYTHONPATH": str(Path(wanghuo.__file__).parents[1]), "LC_ALL": "C.UTF-8"}


def run(*args, stdin=b""):
    return subprocess.run([sys.executable, "-c", RUN, *args], input=stdin, capture_output=True, env=ENV, timeout=60)


def test_a_stream_comes_back_to_the_same_bytes(tmp_path):
    rng = random.Random(3)
    stream = b"".join(random_noise(rng) + random_frame(rng) for _ in range(2000)) + b"\x00" * 10_000
    assert len(stream) > 1 << 16
    source = tmp_path / "capture.bin"
    source.write_bytes(stream)
    decoded = run("decode", "gb26875", str(source))
    assert (decoded.returncode, decoded.stderr) == (0, b"")
    lines = [json.loads(line) for line in decoded.stdout.splitlines()]
    assert lines == [json.loads(json.dumps(event_to_line(e))) for e in decode_datagram(stream)]
    assert [line["offset"] for line in lines] == [sum(x["length"] for x in lines[:n]) for n in range(len(lines))]
    assert run("decode", "gb26875", "-", stdin=stream).stdout == decoded.stdout
    assert run("encode", "gb26875", "-", stdin=decoded.stdout).stdout == stream


def test_hexadecimal_input_and_output():
    decoded = run("decode", "gb26875", "--hex", FIRE.hex(" "))
    assert json.loads(decoded.stdout)["objects"][0]["description"] == "一层大厅手报"
    assert run("encode", "gb26875", "--as-hex", stdin=decoded.stdout).stdout == FIRE.hex().encode() + b"\n"


@pytest.mark.parametrize(
    ("args", "stdin", "zh", "en"),
    [
        (("decode", "jt999"), b"", "没有编解码器", "no codec"),
        (("decode", "gb26875", "--hex", "404"), b"", "--hex", "character 4"),
        (("decode", "gb26875", "--hex", "40zz"), b"", "--hex", "character 3"),
        (("decode", "gb26875", "--hex", "40", "-"), b"", "只能给一个", "not both"),
        (("decode", "gb26875", "--fast"), b"", "参数有误", "not valid"),
        (("decode", "gb26875", "--bcd-time", "/no/such/file"), b"", "无法读取", "cannot be read"),
        (("decode", "gb26875", "/no/such/file"), b"", "无法读取", "cannot be read"),
        (("encode", "gb26875", "/"), b"", "无法读取", "cannot be read"),
        (("encode", "gb26875"), b'{"hex": "40"}\nnonsense\n', "第 2 行", "Line 2"),
        (("encode", "gb26875"), b"\xff\xfe\n", "第 1 行", "Line 1"),
        (("encode", "gb26875"), b'{"serial": 1}\n', "缺少该字段", "it is missing"),
    ],
)
def test_bad_input_is_told_in_both_languages(args, stdin, zh, en):
    done = run(*args, stdin=stdin)
    told = done.stderr.decode()
    assert done.returncode == 2
    assert zh in told
    assert en in told
    assert "Traceback" not in told


def test_nothing_in_nothing_out():
    assert run("decode", "gb26875").stdout == run("encode", "gb26875").stdout == b""
