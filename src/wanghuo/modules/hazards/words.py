"""The fixed lists of the field: who found it, why it is one, how serious it is, how a paper was served."""

from __future__ import annotations

from enum import StrEnum

from wanghuo.base import Text


class Channel(StrEnum):
    """Who found the hazard (regulations.md 1.1): five finders, and the ways in beside them."""

    UNIT = "unit"
    GRID = "grid"
    DEPARTMENTS = "departments"
    FIRE = "fire"
    GOVERNMENT = "government"
    COMPLAINT = "complaint"
    ALARM = "alarm"


CHANNELS = {
    Channel.UNIT: Text("单位自查", "unit's own check"),
    Channel.GRID: Text("网格排查", "grid patrol"),
    Channel.DEPARTMENTS: Text("部门联查", "joint check of departments"),
    Channel.FIRE: Text("消防抽查", "fire inspection"),
    Channel.GOVERNMENT: Text("政府督查", "government tour"),
    Channel.COMPLAINT: Text("群众举报", "complaint"),
    Channel.ALARM: Text("设备报警", "device alarm"),
}

# 120号令, definition of a fire hazard: six kinds
BASES = {
    1: Text("影响人员疏散或灭火救援，不能立即改正", "affects evacuation or rescue and cannot be put right at once"),
    2: Text("消防设施未保持完好有效，影响防火灭火功能", "fire facilities not kept in working order"),
    3: Text("擅自改变防火分区，易致火势蔓延", "fire compartment changed without permission"),
    4: Text("人员密集场所违规使用、储存危险品，不能立即改正", "dangerous goods in a crowded place against the rules"),
    5: Text("不符合城市消防安全布局要求，影响公共安全", "layout against the fire-safety plan of the city"),
    6: Text("其他可能增加火灾实质危险性或危害性的情形", "anything else that adds real danger of fire or harm"),
}


class Grade(StrEnum):
    """How serious a hazard is."""

    GENERAL = "general"
    MAJOR = "major"
    AREA = "area"


GRADES = {
    Grade.GENERAL: Text("一般火灾隐患", "general"),
    Grade.MAJOR: Text("重大火灾隐患", "major"),
    Grade.AREA: Text("区域性火灾隐患", "area"),
}


class Urgency(StrEnum):
    """Which verification clock a complaint runs on (120号令 art 18)."""

    ORDINARY = "ordinary"
    EXITS = "exits"


URGENCIES = {
    Urgency.EXITS: Text(
        "占用、堵塞、封闭疏散通道或安全出口，擅自停用消防设施", "blocked exits or routes, facilities switched off"
    ),
    Urgency.ORDINARY: Text("其他", "anything else"),
}


class NoticeKind(StrEnum):
    """The papers of the loop."""

    AT_ONCE = "at_once"
    BY_DATE = "by_date"
    MAJOR = "major"


NOTICES = {
    NoticeKind.AT_ONCE: Text("责令立即改正通知书", "notice to correct at once"),
    NoticeKind.BY_DATE: Text("责令限期改正通知书", "notice to correct by a date"),
    NoticeKind.MAJOR: Text("重大火灾隐患整改通知书", "notice on a major fire hazard"),
}


class Service(StrEnum):
    """How a paper reached the unit."""

    ON_THE_SPOT = "on_the_spot"
    SIGNED = "signed"
    ELECTRONIC = "electronic"
    PUBLIC_NOTICE = "public_notice"


SERVICES = {
    Service.ON_THE_SPOT: Text("当场送达", "on the spot"),
    Service.SIGNED: Text("签收", "signed for"),
    Service.ELECTRONIC: Text("电子送达（已有书面同意）", "electronic, with written consent"),
    Service.PUBLIC_NOTICE: Text("公告送达", "by public notice"),
}


class Level(StrEnum):
    """Which government lists a hazard for supervision."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"


LEVELS = {
    Level.PROVINCE: Text("省级", "province"),
    Level.CITY: Text("市级", "city"),
    Level.COUNTY: Text("县级", "county"),
    Level.TOWN: Text("乡镇级", "township"),
}
