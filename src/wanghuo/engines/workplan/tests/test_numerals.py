"""Numbers and quantities: what is written comes back exactly, whatever the way of writing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanghuo.engines.workplan.numerals import level, number, quantities

DIGITS = "零一二三四五六七八九"


def below_myriad(n: int, *, leading: bool) -> str:
    """Up to four digits in words; `leading`: nothing stands before, so no 零 is needed and ten is 十."""
    out, zero = "", not leading
    for power, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // power % 10
        if digit == 0:
            zero = zero or bool(out)
            continue
        if zero and n // power // 10 % 10 == 0 and (out or not leading):
            out += "零"
        zero = False
        out += DIGITS[digit] + word
    return out.replace("一十", "十", 1) if leading and out.startswith("一十") else out


def written(n: int) -> str:
    """A whole number in Chinese numerals as a paper would write it."""
    if n == 0:
        return "零"
    parts, rest = [], n
    for power, word in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part, rest = divmod(rest, power)
        if part:
            needs_zero = bool(parts) and part < 1000
            text = below_myriad(part, leading=True)
            if bool(parts) and text.startswith("十"):
                text = "一" + text
            parts.append(("零" if needs_zero else "") + text + word)
    return "".join(parts)


@given(st.integers(0, 10**12 - 1))
def test_a_number_in_words_comes_back(n: int) -> None:
    assert number(written(n)) == n


@given(st.integers(1, 10**8), st.sampled_from(["个", "名", "户", "台", "处", "公里"]))
def test_words_and_digits_with_a_unit_are_the_same_quantity(n: int, unit: str) -> None:
    for text in (
        f"新增{n}{unit}",
        f"新增{n:,}{unit}",
        f"新增{written(n)}{unit}",
        f"新增{str(n).translate(FULL)}{unit}",
    ):
        (found,) = quantities(text)
        assert (found.low, found.high, found.unit) == (n, None, unit), text
        assert text[found.start : found.end] == text[2:]


FULL = str.maketrans("0123456789", "０１２３４５６７８９")


@given(
    st.integers(1, 9999),
    st.integers(0, 99),
    st.sampled_from([("万", 10**4), ("亿", 10**8), ("百万", 10**6), ("千", 1000)]),
)
def test_scales_are_multiplied_out_exactly(whole: int, cents: int, scale: tuple[str, int]) -> None:
    text = f"{whole}.{cents:02}{scale[0]}元"
    (found,) = quantities(text)
    assert math.isclose(found.low, (whole * 100 + cents) * scale[1] / 100, rel_tol=1e-12)
    assert found.unit == "元"


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.sampled_from("-—－~～至到"),
    st.sampled_from(["个", "%", "人次", "平方米"]),
)
def test_ranges_keep_both_ends(low: int, more: int, dash: str, unit: str) -> None:
    (found,) = quantities(f"开展{low}{dash}{low + more}{unit}")
    assert (found.low, found.high, found.unit) == (low, low + more, unit)


@given(st.integers(1, 99))
def test_percentages_in_words(n: int) -> None:
    assert [q.low for q in quantities(f"达到百分之{written(n)}")] == [n]
    assert [q.low for q in quantities(f"达到{n}％以上")] == [n]


@given(st.text(alphabet="零一二两三十百千万亿半成分之点第余多至-—0123456789.,，:%‰个名元年月/()（） 至A·", max_size=40))
def test_never_fails_and_keeps_places(text: str) -> None:
    last = 0
    for found in quantities(text):
        assert last <= found.start < found.end <= len(text)
        assert math.isfinite(found.low)
        assert found.high is None or found.high > found.low
        last = found.end
    value = number(text)
    assert value is None or math.isfinite(value)
    assert len(level(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("3-5个整治", 3, 5, "个"),
        ("三至五名", 3, 5, "名"),
        ("10人至15人", 10, 15, "人"),
        ("1000—1500万元", 10**7, 15 * 10**6, "元"),
        ("11 000个", 11000, None, "个"),
        ("1.4万余件(套)", 14000, None, "件(套)"),
        ("30余万人", 300000, None, "人"),
        ("八成以上", 80, None, "%"),
        ("八成五", 85, None, "%"),
        ("七到八成", 70, 80, "%"),
        ("三分之一", 33.333333, None, "%"),
        ("百分之百", 100, None, "%"),
        ("百分之五至百分之十", 5, 10, "%"),
        ("千分之三", 3, None, "‰"),
        ("一半以上", 50, None, "%"),
        ("超百万量级", 10**6, None, ""),
        ("上万次", 10**4, None, "次"),
        ("0.15人/10万人", 0.15, None, "人/10万人"),
        ("2个百分点", 2, None, "个百分点"),
        ("1:50", 0.02, None, "比"),
        ("两三次", 2, 3, "次"),
        ("15个工作日", 15, None, "个工作日"),
        ("一亿三千万元", 1.3e8, None, "元"),
        ("三万五千户", 35000, None, "户"),
    ],
)
def test_ways_of_writing(text: str, low: float, high: float | None, unit: str) -> None:
    (found,) = quantities(text)
    assert (found.low, found.high, found.unit) == (low, high, unit)


@pytest.mark.parametrize(
    "text",
    [
        "第三方",
        "第14号",
        "5G通信",
        "“3·21”",
        "十分重要",
        "二十大",
        "一律",
        "两会",
        "建成立",
        "数十个",
        "几百名",
        "统一",
        "COVID-19",
    ],
)
def test_names_and_words_are_no_quantities(text: str) -> None:
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("text", "about"), [("近900个", "nearly"), ("300多名", "over"), ("约20个", "about"), ("20个左右", "about")]
)
def test_vagueness_is_kept(text: str, about: str) -> None:
    assert quantities(text)[0].about == about


@pytest.mark.parametrize(
    ("text", "value"),
    [("一百二", 120), ("一千零五", 1005), ("二〇二五", 2025), ("半", 0.5), ("三点五", 3.5), ("x", None), ("", None)],
)
def test_numbers_alone(text: str, value: float | None) -> None:
    assert number(text) == value
