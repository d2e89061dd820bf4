"""Large files go to a job, lists above five thousand rows too; the command does the same as the pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wanghuo.entrypoints.cli import imports as command
from wanghuo.entrypoints.cli.main import main as cli_main
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.kernel.jobs.models import JobRun
from wanghuo.kernel.jobs.running import run_waiting
from wanghuo.kernel.ledgers import exporting, pages
from wanghuo.kernel.ledgers.models import ImportRun
from wanghuo.kernel.outbox import drain
from wanghuo.modules.places import contracts, indicators, services
from wanghuo.modules.places.models import Unit
from wanghuo.modules.places.testing import NEXT_TOWN, TOWN, PersonFactory, UnitFactory
from wanghuo.modules.places.tests.test_imports import STEWARD, row, table
from wanghuo.modules.places.tests.test_pages import sent, upload


@pytest.mark.django_db(transaction=True)
def test_a_large_file_is_checked_and_written_by_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "INLINE_BYTES", 10)
    steward = client_for(make_user("steward", "data_steward", "445281"))
    where = upload(steward, table(row(1), row(2)))["Location"]
    run = ImportRun.objects.get()
    chosen = {f"column.{name}": source["column"] for name, source in run.mapping["columns"].items()}
    sent(steward, where, chosen | {"header_row": "1"})
    assert run_waiting() == 1
    run.refresh_from_db()
    assert (run.state, run.counts["new"]) == ("checked", 2)
    sent(steward, f"{run.url}/acts/write", {})
    assert "会自动更新" in steward.get(run.url).content.decode()
    assert not Unit.objects.exists()
    assert run_waiting() == 1
    assert Unit.objects.count() == 2
    assert not JobRun.objects.exclude(error_code="").exists()
    assert drain() >= 1


@pytest.mark.django_db(transaction=True)
def test_a_write_whose_worker_died_can_be_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "INLINE_BYTES", 10)
    steward = client_for(make_user("steward", "data_steward", "445281"))
    upload(steward, table(row(1)))
    ImportRun.objects.update(state="writing", job="00000000-0000-0000-0000-000000000000", counts={"new": 1, "total": 1})
    run = ImportRun.objects.get()
    assert "接着写入" in steward.get(run.url).content.decode()
    sent(steward, f"{run.url}/acts/resume", {})
    run_waiting()
    assert Unit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_long_list_waits_for_the_person_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    steward = client_for(make_user("steward", "data_steward", "445281"))
    for name in ("滨江商贸城", "云栖公寓"):
        UnitFactory(name=name)
    UnitFactory(region_code=NEXT_TOWN, name="滨江河婆店")
    answer = steward.get("/units?export=csv&kind=shop")
    assert answer.status_code == 303
    assert run_waiting() == 1
    url = JobRun.objects.get().result["url"]
    text = b"".join(steward.get(url)).decode()
    assert "云栖公寓" in text
    assert "滨江河婆店" not in text
    assert client_for(make_user("other", "data_steward", "445281")).get(url).status_code == 404


def command_line(capsys: Any, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = cli_main(["import", *arguments, "--json"])
    said = capsys.readouterr().out
    return code, json.loads(said) if said else {}


def test_the_command_checks_refuses_and_writes(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "setup", lambda: None)
    make_user("steward", "data_steward", "445281")
    good, bad, none = (tmp_path / name for name in ("good.csv", "bad.csv", "none.csv"))
    good.write_bytes(table(row(1), row(2)))
    bad.write_bytes(table(row(3), row(4, 床位数="很多")))
    none.write_bytes(b"%PDF-1.7")
    code, said = command_line(capsys, "units", str(good), "--dry-run", "--region", "445281")
    assert (code, said["rows"]["new"], said["dry_run"], Unit.objects.count()) == (0, 2, True, 0)
    code, said = command_line(capsys, "units", str(bad), "--as", "steward")
    assert (code, said["rows"]["error"], said["problems"][0]["row"], Unit.objects.count()) == (2, 1, 3, 0)
    assert command_line(capsys, "units", str(none), "--as", "steward")[0] == 2
    assert command_line(capsys, "units", str(good), "--as", "nobody")[0] == 2
    assert command_line(capsys, "castles", str(good), "--as", "steward")[0] == 1
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        '[columns]\nname = "单位名称"\nregion_code = { const = "赤岗镇" }\nkind = { const = "hotel" }\n', "utf-8"
    )
    code, said = command_line(capsys, "units", str(good), "--as", "steward", "--mapping", str(mapping))
    assert (code, said["written"], said["state"]) == (0, 2, "written")
    assert set(Unit.objects.values_list("kind", "region_code")) == {("hotel", TOWN)}


def test_measures_of_key_units() -> None:
    whole = UnitFactory(uscc="91445281MA56000016")
    for role in ("responsible_person", "safety_manager"):
        PersonFactory(unit=whole, role=role)
    for unit in (whole, UnitFactory(), UnitFactory(state="closed")):
        services.decide_class(ref=unit.ref, code="key_unit", holds=True, note="已核", actor=STEWARD)
    UnitFactory()
    period = None
    assert {k: (p.num, p.den) for k, p in indicators.count_complete(period).items()} == {TOWN: (1, 2)}  # type: ignore[arg-type]
    assert {k: p.num for k, p in indicators.count_key_units(period).items()} == {TOWN: 2}  # type: ignore[arg-type]
    steward = client_for(make_user("steward", "data_steward", "445281"))
    html = steward.get(indicators.key_unit_list(STEWARD, "445281", period, "gap")).content.decode()  # type: ignore[arg-type]
    assert whole.ref not in html
    assert html.count("DW-445281-") >= 1


def test_what_happens_is_told_upwards() -> None:
    from wanghuo.kernel.outbox.models import OutboxEvent

    unit = services.register_unit(region_code=TOWN, name="滨江商贸城", actor=STEWARD)
    services.change_unit(ref=unit.ref, version=1, region_code="445281103", actor=STEWARD)
    kinds = list(OutboxEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == [contracts.UnitRegistered.kind, contracts.UnitChanged.kind]
