"""Names of bodies and of persons by their post, as papers write them; how a list of names is taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wanghuo.engines.workplan.verbs import VERBS

HAN = r"\u4e00-\u9fffA-Za-z"
# the last words of a body's name; a single character suffices only behind a level (市…所) or in a label
_KIND = (
    "人民政府|党委政府|政府|党委|党工委|党组|管委会|部门|单位|机构|机关|消防救援局|局|厅|改革委|发改委|国资委|卫健委|健康委|政法委|省委|市委|县委|区委|"
    "宣传部|组织部|统战部|网信办|文明办|综治办|应急办|消防办|安委会|消安委|消委会|防火委|安委办|消安办|消安委办|委员会|办公室|办事处|[\\u4e00-\\u9fff]办|专班|专项办|"
    "领导小组|工作组|(?:督导|检查|督查|指导|巡查|考核|专家|巡视|推进|协调)组|指挥部|总队|支队|大队|中队|救援站|消防站|消防队\\(站\\)|工作站|派出所|监管所|督查室|研究室|服务中心|[\\u4e00-\\u9fff]中心|乡镇\\((?:街道|场|办)\\)|乡镇|街道\\(乡镇\\)|街道|镇街|镇街道|场街道|乡镇街道|村\\(居\\)|"
    "村\\(社区\\)|村居|村委会|居委会|行政村|社区|网格员|协会|商会|幼儿园|养老院|福利院|公司|集团|学校|高校|医院|联席会议|法院|检察院|监委|纪委|团委|党支部|科协|文联|侨联|工商联|红十字会|妇联|工会|总工会|残联|气象台|电视台|广播电台|供电所|"
    "应急管理部|公安部|教育部|民政部|(?:建设|信息化|资源|环境|运输|水利|农村|商务|旅游|军人|保障|司法|科技|技术|财政|武装)部|保障大队|消防所|队伍|专职队|媒体中心|机关事务局|银保监局|税务局|海关|电网|物业服务企业|企业"
)
_COLLECTIVE = (
    "各乡、镇人民政府|各乡、镇|各级财政|各村\\(居\\)(?:民)?委会|各村\\(社区\\)(?:两委)?|各(?:乡镇|镇街|镇|乡|街道|县|市|区|村|社区)\\([^()]{1,10}\\)|各级各部门|各地区各部门|各地各部门|各地各有关部门|各地区各有关部门|各级各有关部门|各级各单位|各级|各地区|各地市|各地|各设区市|各市县|各市州|各市区|各市|"
    "各县\\(市、区\\)|各县\\(区\\)|各区\\(县\\)|各县市区|各县区|各区县|各区|各县|各镇街|各镇|各乡镇|各街道|各乡|各村\\(居\\)|各村居|各村\\(社区\\)|各村|各科室|各处室|各站所|各行业|"
    "各园区|各功能区|各相关方"
)
_PERSON = (
    "党委书记|镇长|乡长|书记|市长|县长|区长|局长|主要负责人|主要负责同志|分管负责人|分管负责同志|分管领导|主要领导|负责人|负责同志|班子成员|军政主官|主官|村支书|支部书记|"
    "消防安全责任人|消防安全管理人|网格长|驻村干部|联络员"
)
PERSON = re.compile(_PERSON)
COLLECTIVE = re.compile(_COLLECTIVE)
# every place where a name may end (group 1), also where one possible ending overlaps another
ENDS = re.compile(
    f"(?=((?:{_COLLECTIVE})|(?:{_KIND})|(?:{_PERSON})|(?<=[\\u4e00-\\u9fff])(?:所|站|队|科|处)(?![\\u4e00-\\u9fff]{{0,1}}[长员所办])))"
)
_BODY = re.compile(f"(?:{_KIND}|{_PERSON})$")
_SMALL = re.compile(
    r"^(?:[省市县区镇乡村州]|各|辖区|属地|街道|所在|本)[\u4e00-\u9fff]{1,10}(?:所|站|队|科|处|院|会|委|办|厅|署)$"
)
_NOUN_LIST = (
    "组织|教育|宣传|监督|监管|检查|建设|保障|救援|发展|改革|管理|培训|指导|协调|执法|审批|审计|调度|训练|考核|评估|督查|督导|巡查|整治|治理|防控|防范|处置|"
    "调查|试点|维护|检测|采购|统筹|演练|联合|应用|信息|报|设|建|严|对|将|把|按|要|应|可|需|每|须|核查|排查|研究|分析|学习|创建|值守|集中|基本|全面|科学|统一|"
    "共同|运行|运营|公示|消除|派出|负责|处理|受理|审查|审核|检修|维修|事故|公开|整改|配合|备案|登记|抓|引导|支持|服务"
)
_NOUNS = frozenset(_NOUN_LIST.split("|"))
_INNER_VERB = re.compile(
    "确定|辅助|发生|变更|设有|具备|达标|等级|"
    + "|".join(sorted((v for v in set(VERBS.split("|")) - _NOUNS if len(v) > 1), key=len, reverse=True))
)
_OBJECT = re.compile(
    r"^(?:组织(?!部|科|处|办)|参加|负责|依托|借助|利用|发挥|压实|夯实|联合(?!会|执法)|指导(?!中心|处)|协调(?!小组|办|领导)|统筹|推动|督促|牵头(?!部门|单位)|配合(?!部门|单位)|支持|引导|服务(?!中心|办|站)|检查|监督(?!管理局)|培训(?!中心|学校)|演练|整治|治理|巡查|排查|考核|评估|督导|训练|新建|建设(?!局|厅|部|单位)|维护|集中|全面(?!深化)|共同|统一|"
    r"[一两二三\d]名|受(?!援)|对|将|把|在|向|为|以|使|让|与|从|经(?![开济信发委贸办管侦科商])|凡|如|若|按|被|给|令|由于|因|没有|所有|部分|一些|多数|少数|不|未|强|重大|其(?!他(?:有关|相关|部门|单位|成员|各))|该|此|这|上述|面向|深入|走进|针对|争取|围绕|通过|提请|"
    r"社会面|已|新(?=[建增设购改型的成组])|及|和|等|是|发展(?!和|改|局|委|办|中心|部|规划)|有(?!关)|可|至|到|每|各自|并|或)"
)
_VAGUE_LIST = "部门|政府|单位|机构|中心|学校|公司|办公室|委员会|社区|责任人|管理人|机关|负责人|医院|企业|队伍|乡镇企业|建筑|场所|各单位部门|协会|集团|局|厅|专班|政府部门|站|所|队|科|处|工作机构|组织机构|领导机构"
_VAGUE = frozenset(_VAGUE_LIST.split("|"))
# what shows a stretch to be part of a sentence: a modal, a verb of reporting, a day, a word that governs no name
_SENTENCE = re.compile(
    r"(?<!主)要(?!素)|须|按|由|负责(?!人|同志)|设在|设于|应(?![急用对])|(?:于|在)\d|\d[月日]|详见|附件|附表|附后|报(?=[省市县区镇乡]|有关|相关|本级|上级|同级)|(?:责任|主管|特别是|尤其是|半年|季度)$|^(?:特别是|尤其是|上半年|下半年)"
)
# a part in the work that serves as a name (使用单位应当…)
_ROLE_NAME = re.compile(
    r"(?:各|各有关)?(?:牵头|使用|配合|协办|承办|实施|管理|经营|建设|施工|产权|监理|检测|维保|责任|主责)(?:单位|部门|机构)|(?:督导|检查|督查|指导|巡查|考核|评估|专家)组"
)
_APART = re.compile(r"和|及|与|以及|、|,|/|;|\s{1,}")
_KEEP = re.compile(
    r"住房和城乡|发展和改革|工业和信息化|人力资源和社会保障|文化和旅游|自然资源和规划|规划和自然资源|卫生和计划生育|经济和信息化|民族和宗教|国防和|体育和|商务和|"
    r"科学和|退役军人和|水利和|农业和农村|交通和|住建和|广播电视和|政务服务和|行政审批和|城市管理和|综合行政和|教育和体育|教育和科技|市场监督和|生态环境和|党和政府|"
    r"\([^()]*\)|(?:各?[省市县区乡镇州旗]、)+[省市县区乡镇州旗](?:\([市县区州旗、]{1,5}\))?(?:级)?(?:人民)?政府|[^、]{1,20}、[^、]{1,20}两级[^、]{0,20}|各乡、镇|各?行业(?:主管、监管|监管、主管)部门|各[省市县区州]、[市县区州旗](?![\u4e00-\u9fff、])"
)


def is_body(name: str) -> bool:
    """Whether `name` ends as names of bodies, or of persons by their post, do."""
    return bool(_BODY.search(name) or COLLECTIVE.fullmatch(name) or _SMALL.match(name))


def is_plausible(name: str) -> bool:
    """Whether nothing in `name` shows it to be more than a name: no verb, no 的, not too long."""
    return _ROLE_NAME.fullmatch(name) is not None or (
        1 < len(name) <= 22
        and name not in _VAGUE
        and "的" not in name
        and not _OBJECT.match(name)
        and not _INNER_VERB.search(name)
        and not _SENTENCE.search(name)
        and not re.search(r"\d(?:个|座|支|处|名|辆|家)", name)
        and re.search(rf"[^{HAN}()、0-9·“”\" -]", name) is None
    )


def _is_one_name(left: str, right: str) -> bool:
    """Whether 和 stands within a name (市规划和城市管理局): what is before it names no body, what is after it begins no new one."""
    if not re.fullmatch(r"[省市县区州镇]?[\u4e00-\u9fff]{2,4}", left) or _BODY.search(left):
        return False
    return (
        re.match(r"(?![省市县区州镇各])[\u4e00-\u9fff]{2,6}?(?:局|厅|委员会|委|办)(?![\u4e00-\u9fff])", right)
        is not None
    )


def parts_of(words: str) -> Iterator[tuple[int, int]]:
    """Where each name of a list stands; 和 inside 住房和城乡建设局, marks inside brackets and 总队、支队两级机关 do not part."""
    kept = [(m.start(), m.end()) for m in _KEEP.finditer(words)]
    first = 0
    for match in _APART.finditer(words):
        if match.group() in "和及与" and _is_one_name(words[first : match.start()], words[match.end() :]):
            continue
        if match.group() == "、" and words[first : match.start()] in ("省", "市", "县", "区", "乡", "镇", "村"):
            continue
        if match.start() < first or any(a <= match.start() < b for a, b in kept):
            continue
        if match.start() > first:
            yield first, match.start()
        first = match.end()
    if first < len(words):
        yield first, len(words)
