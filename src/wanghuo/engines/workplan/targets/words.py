"""The words of the grammar: verbs of doing, nouns that measure, nouns that only describe, marks of the past."""

from __future__ import annotations

import re
from functools import lru_cache

from wanghuo.engines.workplan.verbs import VERBS


def longest_first(words: str) -> str:
    """Words parted by blanks as a regular expression that prefers the longer ones."""
    return "|".join(re.escape(word) for word in sorted(set(words.split()), key=lambda word: (-len(word), word)))


# Verbs whose object is what is counted; they stay in the name of the metric.
MAKING = longest_first(
    "新建 新增 建成 建设 建立 改造 新购 购置 采购 添置 增配 配备 配置 配齐 配足 安装 推广安装 加装 增设 设立 设置 设有 征招 招录 招聘 招收 招募 培训 培育 培养"
    " 创建 打造 加快打造 组建 建强 投入 开工 开工新建 开工建设 新开工 立项 立项建设 启动 启用 推广 推广应用 接入 发展 评选 评定 表彰 制定 制订 修订 修编 出台 编制"
    " 发布 印发 发放 核定 拆除 清理 清除 关停 取缔 更新 更新改造 淘汰 升级 提档升级 提质升级 扩建 迁建 改建 改扩建 补建 补充 聘请 聘任 划定 施划 打通"
    " 治理 化解 消除 整治 整改 销案 督办 挂牌督办 压减 削减 检查 排查 抽查 巡查 督察 督查 督导 查处 曝光 约谈 签订 考核 测评 轮训 实训 汇总 听取 通报 研判 调度 会商"
    " 评估 检测 快检 抽检 送检 更换 储备 竣工 建成投用 监督检查 执法检查 建有 配有 播报 开发 恢复 兴建 动工 动工兴建 动工建设 拓宽 绿化 栽种 种植 补植 修建 购买 租赁 招引 引育 建造 搭建 栽植 铺装 疏通 清淤 巡护 拨付 落地 完工 交付使用 揭牌 授牌 培优 推选 结对 吸纳 新设 增开 开通 开办 开设 装配 加密 轮换 印制 录制 拍摄 制播 承接 处置 收缴 查扣 取缔 捣毁 端掉 查封 拆改 整合 归集 采集 录入 带队检查 带队督导 清除 投用 投入使用 投入执勤 引进 研发 推出 布设 布点 布建 部署 架设 铺设 敷设 选树 选拔 遴选 报送 走访 宣传 播放 刊发 刊播"
    " 集中整治 专项整治 攻坚整治 推进建设 命名 创成 申报 争取 争创 验收 受训 参训 覆盖 惠及 服务 挂牌 销号 摘牌 复查 核查 摸排 普查 登记 复核 修缮 维修 维护 保养"
    " 解决 办理 办结 办好 增加 增招 扩招 新招 新招录 补齐 增补 扩充 演练 实兵演练 拉动 授课 讲授 编印 制作 张贴 悬挂 推送 发送 投放 建档 建成使用 续建 改善 筹建 共建"
    " 缓解 竣工 招考 招募 安置 救助 资助 补贴 减免 扶持 转移 搬迁 供应 配套 上好 讲好 培植 选派 抽调 选聘 充实 派驻 派出 联系 帮扶 慰问 曝光 公布 公示 处理 立案 办案 移送 侦办 破获 关闭 停用 替换 改换 规范运行 运行 纳管 联网 联通 上线 贯通 完善 确定 认定"
)
# Verbs that carry no meaning of their own; the metric is named without them.
LIGHT = longest_first(
    "开展 组织 组织开展 举办 召开 举行 实施 进行 完成 实现 推进 推动 落实 抓实 抓好 做好 确保 保证 达成 做到 重点抓实 联合开展 集中开展 至少开展 承办 安排 参加 参与 接受 用于 形成 明确 深化 加强 强化"
    " 定期举办 定期开展 常态化开展 分级举办 分别开展 力争 努力 组织实施 统筹 督促 指导 协调"
)
# What else may follow a percentage and make it a rate (100%抄告).
PREDICATE = longest_first(
    "抄告 移交 公开 入户 到位 合格 配套 反馈 回复 达优 达标 实名 落实到位 执行 响应 处置 录入 赋码 入库 纳入 进入 投保 参保 持证 持证上岗 上岗 知晓 掌握 响应 完好 好用 有效 开通 共享 明示 履职 兑现 建有 具备 全覆盖 见底 清零"
)
MAKING = MAKING.replace("|建成|", "|建成(?!区)|")
VERB = f"(?:{MAKING}|{LIGHT})"
PREDICATE_RE = re.compile(f"(?:{MAKING}|{LIGHT}|{PREDICATE})+")
VERB_RE = re.compile(VERB)
MAKING_RE = re.compile(f"(?:{MAKING})")
LIGHT_RE = re.compile(f"(?:{LIGHT})")
VERB_END_RE = re.compile(f"{VERB}(?:了|好|到|至)?$")

# What a rate, a score or a level is called.
RATE = r"(?:率|比例|比重|占比|配比|比值|满意度|知晓度|覆盖面|普及度|度|指数|系数|得分|评分|总分|分值|合格面|达标面|水平|总量|总数|规模|数量|人数|户数|起数|次数|面积|里程|损失|幅度|增幅|降幅|增速|密度|半径|时间|时长|时限|间距|压力|流量|数|量|额|值|期限|周期|经费|投入|资金|产值|浓度|人口|员额|编制)"
RATE_END_RE = re.compile(RATE + "$")
NAMED_RATE_RE = re.compile(r"(?:率|比例|比重|占比|度|指数|覆盖面|得分|评分)$")

# Nouns after N个 that describe an arrangement instead of counting things made.
_ABSTRACT = (
    "基础(?!设施)|体系|阶段|方面|环节|层面|责任(?!人|区|单位|片)|领域|原则|步骤|突出问题|问题|维度|到位|必须|坚持|确保|严禁|规范化|目标|能力|意识|确立|结合|转变|关口|层次|层级|关系|角度"
    "|一律|一批|一流|不准|凡是|统一|关键|闭环|格局|局面|大局|声音|拳头|死角|盲区|合力|氛围|防线|屏障|底线|红线|台阶|新台阶|水平|特点|优势|短板|系列|条件|因素|要素|内容|要求|措施"
    "|任务(?!点)|工作(?!站|室|点|队|组|人员|者|坊|营)|整体|指标(?!牌)|过程|口径|文件|意见|通知|会议精神|机制|制度|模式|办法|清单|明白|先后|方向|重点(?=$|[,、。])|字$"
)
ABSTRACT_RE = re.compile(
    rf"^(?:重点|主要|突出|关键|具体|基本|硬核?|实|新的?|大|强有力的?|完整的?|统一的?|紧密的?|的)*(?:{_ABSTRACT})"
)
DRAFTING_RE = re.compile(r"(?:出台|制定|制订|修订|修编|编制|发布|印发|颁布)[^,，]{0,6}$")
DRAFTED_RE = re.compile(
    r"^[^,，。;；]{0,20}(?:标准|规范|规定|制度|法规|规章|办法|规程|意见|导则|条例|课题|预案|方案|机制|文件|细则)"
)
# Units that sort or grade, and are never an aim by themselves.
SORTING = frozenset({"类", "种", "级", "批", "届", "节", "方", "面", "字", "段"})
# Units of attributes: with 以上 and a noun they tell which objects are meant.
ATTRIBUTE = frozenset(
    "平方米 ㎡ m² 立方米 平方公里 米 公里 千米 层 岁 床 张 间 吨 升 千瓦 公斤 千克 亩 公顷 元 户 人 名 级 小时 分钟 天 日 年 个月 毫米 厘米 MPa 兆瓦 km %".split()  # noqa: SIM905
)
PEOPLE_RE = re.compile(
    r"(?:员|人|者|师|队|手|干部|群众|骨干|力量|居民|学生|职工|民警|经理|长|专家|讲师|教官|代表|户主|业主|网格员)"
)
OBJECT_RE = re.compile(
    r"(?:场所|单位|建筑|自建房|小区|企业|综合体|机构|学校|医院|住宅|厂房|仓库|库房|村|社区|乡镇|街道|事故|火灾|活动|商场|市场|酒店|宾馆|民宿|楼|工程|项目|车间|商店|餐饮|饭店|园区|装置|储罐|车辆|管道|集镇|城镇|城市|出租|房屋|租房|公寓|宿舍|用房|工地|装修|区域)"
)

PAST_RE = re.compile(
    r"(?:表彰|召开|开展|举办|举行|建成|新建|完成|发放|组织|实施|改造|培训|查处|整治|投入|推出|打造|建立|出台|制定|排查|整改|检查)了(?=[^,，。;；]{0,10}\d)|(?<!占全[省市县区国])累计(?!下降|降低|削减|.{0,8}(?:不少于|不低于|达到?|至少))|(?<![由从])目前|(?<![由从])现有(?=[^,，。]{0,14}\d)|现已|截至|截止|已经|(?<![而未])已(?:建|完|配|有|投|组|培|开|达|实现|安装|接|累|整改|经|全部|初步|落实|取得|制定|出台|形成)|仅为|仅有|只有|只占"
    r"|占比(?:仅)?为|据统计|统计显示|数据显示|(?<![比较])去年|(?<![比较])上年(?!度)|往年|近年来|(?<![\d底])(?:近日|日前|昨日|昨天|前不久)|发现(?=[^,，率]{0,12}\d)|[一二两三四五六七八九十几\d]+(?:个多?)?[年月]多?来|(?<![而未])已(?=[^,，。;；的\d]{1,12}\d)|未发生|已将|已提高|已完成(?!的)|已全部|(?:完成|占)(?:全年|年度|年)(?:目标|计划)?(?:任务|计划)?的(?=\d)|[此本该]次(?=[^,，。]{0,10}(?:出动|动用|投入|历时|参加))|(?<![较比])近[一二两三四五几\d]+年|以来|时至今日|至今|迄今|先后|曾|共计?(?:发放|接受|接待|走访|受理|查扣|悬挂|张贴|查获|抓获|发生|检查|排查|培训|投入|发现|整改|出动|接警|处置|建成|有|查处|督改)"
    r"|(?:新增|完成|建成|增加|减少|下降|上升|增长|提高|开展|培训|取得|配备|达到|发生|实现)了|低于全[国省市].{0,12}平均|尚有|仍有|还有|不足(?=\d)|(?:发生|处置|接报|出动|扑救|造成|死亡|受伤|直接)(?!率|人数|后|之日|时)[^,，降控减率为]{0,8}(?=[1-9])"
)
PUNISHING_RE = re.compile(r"问责|追责|追究|调查|处理|从严|取消|不予|查处|一票否决|关停|停产|通报批评|倒查|约谈")
FUTURE_RE = re.compile(
    r"力争|确保|到20\d\d年|年内|年底前|\d月底?前|\d日前|(?<![主重摘纲首])要(?![求点素件])|(?<![供反响对适])应(?![急对用收届])|须|将(?!来)|拟|计划|目标|不少于|不低于|不超过|不高于|至少|以内|控制在|必须|争取|努力|达到?\d|[一二三四五\d]年内|个月内|规划|实现(?!了)|今年(?!以来|[一二三四上前1-9])|明年|下一?年度?|年[底末](?!(?:以?来|时?已))|[期”□]末|再[新增建改扩配招]|剩余|新一?轮"
)
# a task that was left over, named by the year it comes from (完成2012年在册危房的改造)
TASK_END_RE = re.compile(r"(?:完成|解决|办结|整改|消化|消除|清除|推进|续建|落实|实施|清理|化解)(?:了)?$")
# any verb of command; for what is to be done with a number the list of making verbs need not be complete
ORDER_RE = re.compile(longest_first(" ".join(verb for verb in VERBS.split("|") if len(verb) > 1)))
BASE_YEAR_RE = re.compile(r"(?:较|比|以|与|相比|同)\s*(?:20\d\d年|上年|去年|前三年|“十三五”|基期)")
# a harm told as in a form: 死亡:0
COLON_HARM_RE = re.compile(r"(?:事故|死亡|火灾|伤亡|起数|人数|重伤)\s*[:：]\s*$")
PENALTY_RE = re.compile(r"罚款|罚金|拘留|有期徒刑|没收|滞纳金|赔偿|行政处罚决定|奖励标准|处罚标准|吊销|处分")
STANDING_RE = re.compile(
    r"现状|主要成效|工作成效|取得的?(?:主要)?成[效绩就]|主要成[效绩就]|回顾|面临的?(?:形势|挑战|机遇|问题|困难)|形势(?:分析|研判)|发展基础|工作基础|存在的?(?:主要|突出|一些)?(?:问题|不足|短板|困难)"
    r"|基本情况|主要问题|突出问题和|问题与挑战|机遇与挑战|困难与?和?挑战|规划背景|发展环境|总结$|情况总结|工作总结"
)
AIM_RE = re.compile(r"目标|任务|措施|要求|计划|安排|打算|指标")
SOFT_RE = re.compile(r"力争|争取|努力|基本|逐步|原则上|鼓励|尽量|尽可能|有条件的|探索|预期达|初步|大幅|左右|约")

FREQUENCIES = {
    "年": "year",
    "年度": "year",
    "半年": "half_year",
    "半年度": "half_year",
    "季": "quarter",
    "季度": "quarter",
    "个季度": "quarter",
    "月": "month",
    "个月": "month",
    "月度": "month",
    "半月": "half_month",
    "半个月": "half_month",
    "周": "week",
    "星期": "week",
    "日": "day",
    "天": "day",
}
_PERIOD = longest_first(" ".join(FREQUENCIES))
EVERY_RE = re.compile(
    rf"每(?:一)?(?P<period>{_PERIOD})(?!级|均|次|人|\d{{1,2}}月)|(?P<one>一年|半年|一季度|一个?月|一周)(?=(?:不少于|至少|[一二两三四五六\d]+(?:次|场|期|轮)))|(?P<by>按(?:年度|半年|季度?|月|周|旬)|逐[月季周](?!审)|(?<![\d年])(?:每)?(?:季度|月度|年度)(?=(?:至少)?(?:开展|组织|召开|举办)))"
)
ONE_EACH_RE = re.compile(r"(?P<first>一(?P<period>年|季度?|月|周|日|天|半年))一(?P<what>[^一,，。;；、]{1,12})")


@lru_cache(maxsize=4096)
def frequency_of(words: str) -> str:
    """The frequency that words such as 每季度, 一年, 按月 tell; "" when none."""
    plain = words.removeprefix("每").removeprefix("按").removeprefix("逐").removeprefix("一")
    return FREQUENCIES.get(plain, "")
