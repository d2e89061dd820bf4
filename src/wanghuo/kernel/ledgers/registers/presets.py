"""Presets: registers that papers ask for everywhere, one TOML file each in params/registers.

A file is the data of a `Definition` with `version`; its name is the register's code. They belong to the whole deployment, so
that a province adds up what its counties keep.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wanghuo.base import Invalid, Text
from wanghuo.kernel.ledgers.registers import schema
from wanghuo.kernel.ledgers.registers.schema import Definition

TOPICS: dict[str, Text] = {
    "duty": Text("责任与任务", "Duties and tasks"),
    "rules": Text("法规与规划", "Rules and plans"),
    "water": Text("消防水源与设施", "Water and facilities"),
    "stations": Text("消防站与建设项目", "Stations and projects"),
    "forces": Text("队伍与人员", "Forces and people"),
    "equipment": Text("车辆与装备", "Vehicles and equipment"),
    "places": Text("场所与隐患", "Places and hazards"),
    "protection": Text("技防与物联", "Technical protection"),
    "learning": Text("宣传与培训", "Publicity and training"),
    "money": Text("经费", "Money"),
    "campaign": Text("专项行动", "Campaigns"),
    "other": Text("其他", "Other"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A packaged register. `page`: the page of the platform that does the same with clocks and acts, as address and name;
    the register then is for what was done without it.
    """

    code: str
    version: int
    definition: Definition
    page: tuple[str, Text] | None = None


@cache
def presets() -> Mapping[str, Preset]:
    """Every packaged register by its code. Raises BadDefinition for a file that is not valid, and names it."""
    found = {}
    for file in sorted(files("wanghuo.params").joinpath("registers").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        code = schema.valid_code(file.name.removesuffix(".toml"))
        data = tomllib.loads(file.read_text("utf-8"))
        try:
            definition = schema.read(data)
        except Invalid as error:
            what: Text = error.known.get("what", error.message)
            raise schema.wrong(f"{file.name}：{what.zh}", f"{file.name}: {what.en}") from error
        if definition.topic not in TOPICS:
            raise schema.wrong(f"{file.name}：没有主题 {definition.topic}", f"{file.name}: no topic {definition.topic}")
        page = data.get("page")
        found[code] = Preset(code, int(data["version"]), definition, (page[0], Text(*page[1:])) if page else None)
    return found


def shelves() -> list[tuple[str, Text, list[Preset]]]:
    """The presets by topic, in the order of the topics."""
    by_topic: dict[str, list[Preset]] = {}
    for preset in presets().values():
        by_topic.setdefault(preset.definition.topic, []).append(preset)
    return [(topic, name, by_topic[topic]) for topic, name in TOPICS.items() if topic in by_topic]
