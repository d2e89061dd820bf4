"""What is no part of the paper: navigation, tables of particulars, page numbers, watermarks, footers of sites.

Works on the flat text (see `flattening`). A stretch of noise is `(start, end)`; its particulars (文号, 发文日期) are read first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_LABELS = (
    "信息索引号|索引号|索引号码|统一登记号|统一编号|发布机构|发布单位|发文机关|发文单位|制发机关|公开主体|发布部门|发文日期|成文日期|发布日期|"
    "公开日期|生成日期|印发日期|生效日期|失效日期|废止日期|实施日期|发布时间|成文时间|更新时间|日期|时间|公开方式|公开范围|公开形式|公开时限|公开类别|"
    "公开类型|主题分类|信息分类|体裁分类|组配分类|服务对象分类|主题词|关键词|文号|发文字号|文件编号|有效性|有效期|信息名称|名称|标题|信息来源|文章来源|"
    "稿件来源|来源|作者|浏览次数|浏览量|浏览|点击数|点击率|点击次数|点击|阅读次数|阅读量|阅读|访问量|访问次数|字号|字体|字体大小|视力保护色|保护视力色|"
    "所属类目|机构名称|相关附件|责任编辑|编辑|审核|语种|载体类型|记录形式|信息格式|内容概述|颁发部门|颁发时间|颁布单位|颁布部门|颁布日期|颁布时间|效力属性|效力级别|时效性|实施时间|分类"
)
_OF_SITES = re.compile(
    r"索引|信息索引|统一登记|浏览|点击|阅读|访问|字号|字体|视力|保护视力|责任编辑|信息来源|文章来源|稿件来源|主题分类|公开(?:方式|范围|形式|时限)"
)
_LABELS = "|".join(r"\s*".join(label) for label in _LABELS.split("|"))  # 索 引 号 is spaced out to align
_LABELLED = re.compile(rf"\s*[•·●▪]?\s*(?:\|\s*)?[【\[(]?\s*({_LABELS})\s*[】\])]?\s*[:|]")
_LABEL = re.compile(
    rf"(?:^|(?<=[\s|•·●▪]))[【\[]?({_LABELS})\s*[】\]]?\s*[:|][ |]*([^|\n]*?)(?=$|\||\s{{2,}}|\s+(?:{_LABELS})\s*[:|])"
)
# particulars without a colon: 【文号】 …, or several in a row, each a label, a blank and a value
_BRACKETED = re.compile(rf"(?m)^\s*【\s*({_LABELS})\s*】\s*(\S[^\n]*)$")
_UNMARKED = re.compile(rf"(?:(?<=\n)|(?<=\s)|^)({_LABELS})[ ]+(\S+(?: \S+)??)(?=\s+(?:{_LABELS})[ ]|\s*(?:\n|$))")
_LINE = re.compile(
    r"首页(?:\s+[^\s。;,]{2,8}){3,}|(?:当前位置|您(?:现在|当前)?(?:的|所在)?位置|首页\s*[>»/|-]).*"
    r"|[^。;]{0,60}[>»][^。;]{0,60}[>»][^。;]{0,60}"
    r"|[\s|:-]*-{3,}[\s|:-]*"
    r"|[-—\s·]*\d{1,3}[-—\s·]*"
    r"|第\s*\d+\s*页(?:\s*[,/]?\s*共\s*\d+\s*页)?"
    r"|[【\[(]?\s*(?:字体|字号|打印|打印本页|关闭|关闭窗口|关闭本页|收藏|分享|分享到|下载|下载全文|大|中|小|我要纠错|默认|超大|繁体|简体|无障碍|"
    r"收藏本页|返回顶部|返回|朗读|听全文|微信|微博|扫码阅读|语音播报|T|纠错)(?:\s*[:】\])]|[\s|/]+|$)[【\[(\s|/:】\])大中小T打印关闭窗口收藏分享到微信博默认超繁体简返回顶部下载]*"
    r"|(?:[•·●▪|]\s*)?(?:(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?)\s+\d{1,2}:\d\d(?::\d\d)?[^。;]{0,40}"
    r"|[^。;]{0,30}(?:请先?登录|登录后(?:查看|下载)|联系客服|阅读全文|展开全文|加入收藏|会员专享|VIP专享|免费下载|立即下载|举报投诉|投诉举报|文档下载)[^。;]{0,30}"
    r"|[>〖\s]*(?:打印|关闭|返回|收藏|分享)[^。;]{0,20}〗?"
    r"|[\[(]?(?:日期:)?(?:19|20)\d\d-\d{1,2}-\d{1,2}[\])]?\s+(?:来源|作者|编辑)[^。;]{0,40}"
    r"|[•·●▪]\s*(?:\d{1,9}|约[^。;]{1,12}|[\d-]{8,10}[^。;]{0,10}|举报|收藏|分享|下载)|[^。;]{0,60}\.(?:pdf|docx?|xlsx?|pptx?|wps)(?:VIP)?"
    r"|[^A-Za-z0-9一-鿿]+|[^。;]{6,80}[_|-][^。;_|]{2,30}(?:网站?|门户|文库|范文)"
    r"|今天(?:是)?[:,\s]*(?:20)?\d\d\s*[年-].{0,24}|(?:20)?\d\d年\d{1,2}月\d{1,2}日\s*星期.{0,12}"
    r"|[^。;\n]{0,60}频道[^。;\n]{0,20}频道[^。;\n]*|您好,?欢迎[^。\n]*|[^\n]*小编[^\n]*(?:整理|参考)[^\n]*|[^\n]*(?:为您(?:整理|精选|收集)了|想要写出)[^\n]*|[.。…\s]*预览结束[^\n]*|(?:放大|缩小|默认|\s)+|按日期检索|电子报刊阅读器|在线读报[^\n]*|[^。;\s]{2,8}电子报|>?\d{4}年\d{1,2}月\d{1,2}日?\s*星期.|评论:[^。]{0,40}|精彩评论|通用头部|文本预览下载声明|显示全部|手机版|政府信息公开|进入老年版|老年模式|关怀版|隐藏内容|每日推荐|今日推荐|页:|\[\d\]|[A-Za-z]{3,12}|分享:|此处内容需要.{0,12}|发帖评论|相关话题|发布一个新话题|备用下载|下载\(.*\)|加入收藏夹|[^。;]{0,12}网首页|以上(?:是|就是)[^。]{0,30}(?:小编|网)[^\n]*"
    r"|[^。;\s]{2,16}网\s*[-—_|]{1,2}\s*[^。;\s]{2,24}网"
    r"|[^。;]{0,20}(?:\((?:盖章|签字|签章|公章|签名)\)|签字人|法定代表人|负责人签[字名])[^。;]{0,10}:[^。;]{0,80}|[^。;]{0,14}:?\s*_{4,}[^。;]*|[xX×*]*\s*年\s*[xX×*]*\s*月\s*[xX×*]*\s*日[xX×*年月日\s]*"
    r"|(?:\d{1,2}[./-]){2}20\d\d\s+\d{1,2}:\d\d"
    r"|[^。;:]{0,12}记者\s*[一-鿿]{2,4}(?:\s+[^。;:]{2,24})?"
    r"|[^。;:\n]*\b(?:RSS|English)\b[^。;\n]*|(?:市民邮箱|用户名|密码|站内搜索|高级检索|[\s:])+|字体大小[^。;\n]{0,20}"
    r"|[^。;\n]{0,40}(?:VIP专免|侵权投诉|\d(?:\.\d+)?[KM]B\b)[^。;\n]{0,40}"
    r"|[^。;,:|]{4,60}(?:牵头|责任|主办)单位(?:配合|协办|协助)单位"
    r"|<!--.*-->|<[/a-zA-Z][^>]*>"
    r"|(?:https?://|www\.)[\x21-\x7e]+"
    r"|[A-Za-z0-9]{24,}"
)
_TAIL = re.compile(
    r"[【\[(]?\s*(?:上一篇|下一篇|上一条|下一条|上篇|下篇|相关链接|相关推荐|相关文章|相关阅读|相关新闻|相关信息|相关文件|相关稿件|热门推荐|热门文章|"
    r"猜你喜欢|推荐阅读|延伸阅读|本文内容由|如若转载|版权所有|版权声明|免责声明|声明:|网站标识码|网站地图|联系我们|关于我们|"
    r"友情链接|技术支持|附件下载|点击下载|扫一扫|扫描二维码|分享到|打印本页|关闭窗口|责任编辑|[^。]{0,20}ICP备|[^。]{0,20}公网安备|"
    r"Copyright|©|您是第|文章评论|发表评论|政策解读:|解读:)"
)
# who runs the site; in a paper it is who leads a task, so that it is a footer only beside what a paper never says
_RUN_BY = re.compile(
    r"(?:主办|承办)(?:单位)?:[^\n。]*(?:\n[^\n。]*){0,3}?(?:ICP|公网安备|版权|技术支持|网站|备案|地址:|邮编|电话:)"
)
_WATERMARK = re.compile(
    r"(?m:^)(?:发布|更新)时间:\s*20\d\d-\d{1,2}-\d{1,2}(?:\s+\d{1,2}:\d\d)?\s*(?:收藏|打印|分享|字号)?(?=[^\n]{40})|[(\[【]?(?:(?:本文)?(?:来自|来源|转载自|转自|出自|摘自|下载自)(?:于|网站)?|文章来源|更多[^。,;\n]{0,20}(?:尽在|请访问|请关注))\s*[:|]?\s*"
    r"(?:https?://)?(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?:/[\x21-\x7e]*)?[)\]】]?"
    r"|第\d{1,3}页\s*共\d{1,3}页|会员免费查看|此处内容需要权限查看"
    r"|[\[【(](?:接上页|续上页|转下页|接下页|上接[^\]】)\n]{0,8}|下转[^\]】)\n]{0,8})[\]】)]"
)
_OUTLINE = re.compile(
    r"\s*(?:第[一二三四五六七八九十百]+[章节条编]|[一二三四五六七八九十]+、|\([一二三四五六七八九十]+\)|\([1-9]\d?\)\s*[一-鿿]|\d{1,2}[.、](?!\d))"
)


def particulars(flat: str, noise: list[Span]) -> dict[str, str]:
    """What the site's table of particulars says: label to value, the first of each."""
    found: dict[str, str] = {}
    for start, end in noise:
        for match in _LABEL.finditer(flat[start:end]):
            value = match[2].strip(" |:")
            if value:
                found.setdefault(re.sub(r"\s", "", match[1]), value)
        for match in (*_BRACKETED.finditer(flat[start:end]), *_UNMARKED.finditer(flat[start:end])):
            found.setdefault(re.sub(r"\s", "", match[1]), match[2].strip())
    return found


# the names of columns, one a line, as a table leaves them that was flattened to one cell a line
_COLUMN = re.compile(
    r"\s*(?:序\s*号|编\s*号|领\s*域|类\s*别|备\s*注|单\s*位|主|要\s*内\s*容"
    r"|(?:主\s*要|工\s*作|重\s*点|项\s*目|目\s*标|年\s*度|进\s*度|完\s*成|责\s*任|牵\s*头|协\s*办|配\s*合|主\s*要\s*责\s*任)\s*"
    r"(?:目\s*标|任\s*务|内\s*容|名\s*称|要\s*求|时\s*限|时\s*间|单\s*位|部\s*门|领\s*导|人))\s*"
)


def _column_names(flat: str, lines: list[Span]) -> list[Span]:
    """Three and more lines in a row that are names of columns and nothing else."""
    found: list[Span] = []
    run: list[Span] = []
    for start, end in [*lines, (len(flat), len(flat))]:
        if start < end and _COLUMN.fullmatch(flat, start, end):
            run.append((start, end))
            continue
        found += run if len(run) >= 3 else []
        run = []
    return found


def find_noise(flat: str) -> list[Span]:
    """All stretches of noise, in order, not touching each other. A line that reads as text of the paper is never noise."""
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", flat) if not m.group().isspace()]
    tail = _tail(flat, lines)
    body = next((s for s, e in lines if _OUTLINE.match(flat, s, e)), len(flat))
    columns = _column_names(flat, lines)
    rows = _row_numbers(flat, lines, columns)
    found = [(s, e) for s, e in lines if s < tail and s not in rows and _is_noise(flat[s:e], inside=s > body)]
    if tail < len(flat):
        found.append((tail, len(flat.rstrip())))
    found.extend(columns)
    found.extend(span for span in _watermarks(flat) if span[0] < tail)
    return _joined(flat, found)


def _row_numbers(flat: str, lines: list[Span], columns: list[Span]) -> set[int]:
    """Where the numbers of rows stand, in a table flattened to one cell a line: 1, 2, 3 on lines of their own with a few short
    lines between them, or 1 right behind the names of the columns. A page's number has a page before it."""
    numbers = [
        (at, int(flat[s:e].strip()), s)
        for at, (s, e) in enumerate(lines)
        if flat[s:e].strip().isdecimal() and e - s < 9
    ]
    run: list[tuple[int, int, int]] = []
    headed = {end for _, end in columns}
    found = {s for at, number, s in numbers if number == 1 and at and lines[at - 1][1] in headed}
    for at, number, start in numbers:
        follows = run and number == run[-1][1] + 1 and 1 < at - run[-1][0] <= 12 and start - run[-1][2] < 400
        run = [*run, (at, number, start)] if follows else [(at, number, start)] if number == 1 else []
        if len(run) >= 3:
            found.update(place for _, _, place in run)
    return found


def blanked(flat: str, noise: list[Span]) -> str:
    """The flat text with noise made blank; line ends stay."""
    parts, at = [], 0
    for start, end in noise:
        parts += [flat[at:start], re.sub(r"[^\n]", " ", flat[start:end])]
        at = end
    return "".join((*parts, flat[at:]))


def _is_noise(line: str, *, inside: bool) -> bool:
    line = line.strip()
    if len(line) > 200:
        return False
    if _LINE.fullmatch(line):
        return True
    if not inside and "。" not in line and (_BRACKETED.match(line) or len(_UNMARKED.findall(line)) >= 2):
        return True
    labelled = _LABELLED.match(line)
    if labelled is None or "。" in line:
        return False
    labels = _LABEL.findall(line)
    if inside and not _OF_SITES.match(re.sub(r"\s", "", labelled[1])):  # 时间:…, 名称:… may well be the paper's own
        return len(labels) >= 2 and any(_OF_SITES.match(re.sub(r"\s", "", label)) for label, _ in labels)
    return "|" in line or len(line) <= 60 or len(labels) >= 2


def _tail(flat: str, lines: list[Span]) -> int:
    """Where the footer of the site begins; the length of the text when there is none."""
    last_mark = max((s for s, e in lines if _OUTLINE.match(flat, s, e)), default=0)
    for start, end in lines:
        far = start > last_mark and start > len(flat) // 3
        if far and (_TAIL.match(flat[start:end].strip()) or _RUN_BY.match(flat, end - len(flat[start:end].lstrip()))):
            return start
    return len(flat)


def _watermarks(flat: str) -> Iterator[Span]:
    if "." in flat or "页" in flat or "查看" in flat:
        for match in _WATERMARK.finditer(flat):
            yield match.start(), match.end()


def _joined(flat: str, spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and (start <= joined[-1][1] or not flat[joined[-1][1] : start].strip()):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
