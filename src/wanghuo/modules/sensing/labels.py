"""Codes on devices: what a scan reads, and the labels that are printed."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import segno
from django.conf import settings
from django.template.loader import render_to_string

from wanghuo.base import Invalid, Text
from wanghuo.kernel.papers.rendering import print_html
from wanghuo.modules.sensing.messages import GB26875
from wanghuo.modules.sensing.models import Device
from wanghuo.modules.sensing.services import clean_source
from wanghuo.modules.sensing.way_kinds import PROTOCOLS

MOST_LABELS = 200
NB_IOT = "ctwing"
UNREADABLE = Text(
    "认不出这个编码。可扫本平台的标签，或输入设备地址、IMEI。",
    "This code is not known. Scan a label of this platform, or type the address or the IMEI.",
)
_IMEI, _INSIDE = re.compile(r"\d{15}"), re.compile(r"(?<!\d)(8[56]\d{13})(?!\d)")


@dataclass(frozen=True, slots=True)
class Code:
    """The device that a code names: how it speaks, and its address there."""

    protocol: str
    source: str


def read_code(text: str) -> Code:
    """What was scanned or typed: a label of ours, "protocol:address", an IMEI alone or within a maker's text, or an address of
    GB/T 26875.3. Raises Invalid."""
    words = text.strip()[:500]
    if "/devices/scan" in words:
        words = parse_qs(urlsplit(words).query).get("code", [""])[0]
    protocol, colon, rest = words.partition(":")
    if colon and protocol in PROTOCOLS:
        return Code(protocol, clean_source(rest, protocol))
    if _IMEI.fullmatch(words):
        return Code(NB_IOT, words)
    if found := _INSIDE.search(words):
        return Code(NB_IOT, found[1])
    try:
        return Code(GB26875, clean_source(words))
    except Invalid:
        raise Invalid(UNREADABLE, field="code") from None


def address_of(device: Device) -> str:
    """What the label's code says: the address at which scanning it leads on."""
    site = settings.PUBLIC_URL or f"https://{settings.ALLOWED_HOSTS[0]}"
    return f"{site}/devices/scan?code={quote(f'{device.protocol}:{device.source}')}"


def qr_src(text: str) -> str:
    """A QR code as a data: address of an SVG."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=2, scale=4, xmldecl=False)
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"


def printed(devices: Iterable[Device]) -> bytes:
    """A sheet of labels, 70 by 37 mm, 24 to a page of A4, as PDF."""
    rows: Sequence[tuple[Device, str]] = [(device, qr_src(address_of(device))) for device in devices]
    return print_html(str(render_to_string("sensing/labels.html", {"rows": rows})))
