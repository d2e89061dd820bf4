"""Every reading once, whatever dies in between; counts that agree with what came; silence found without a scan."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from django.test import override_settings

from wanghuo.engines.codecs.gb26875.labels import encode_time
from wanghuo.entrypoints.cli.main import main
from wanghuo.kernel.accounts.testing import client_for, make_user
from wanghuo.modules.sensing import history, hours, retention, segments
from wanghuo.modules.sensing.ingest import Ingest
from wanghuo.modules.sensing.models import Device, RegionHour, SensorEvent
from wanghuo.modules.sensing.replay import replay
from wanghuo.modules.sensing.tally import Rows
from wanghuo.modules.sensing.testing import FAULT, FIRE, DeviceFactory, fill, state_frame, take_in, unit_frame
from wanghuo.modules.sensing.tests.reading_servers import server_address

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path):
    with override_settings(JOURNAL=tmp_path / "journal.sqlite3"):
        yield tmp_path / "journal.sqlite3"


@pytest.fixture(params=["folder", "server"])
def anywhere(request, journal):
    """A journal whose readings lie in its folder, and on a server where the tests have one."""
    if request.param == "folder":
        yield journal
        return
    with server_address() as address, override_settings(HISTORY=address):
        yield journal


def us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def pressure(device: Device, raw: int, serial: int, at: datetime = START) -> bytes:
    unit = bytes((3, 1, 11, 1, 99, 2, 0, 0, 0, 4)) + raw.to_bytes(2, "little") + encode_time(at)
    return unit_frame(device.source, unit, serial=serial, at=at)


def values(device: Device) -> list[int]:
    return [p.raw for p in history.readings(device.id, START - timedelta(days=1), START + timedelta(days=1))]


def test_every_reading_is_kept_scaled_and_in_order_not_only_the_latest(anywhere) -> None:
    device, other = DeviceFactory(profile="hydrant_mpa"), DeviceFactory(profile="hydrant_mpa")
    for n in range(5):
        at = START + timedelta(minutes=10 * n)
        fill(anywhere, [pressure(device, 300 + n, n, at), pressure(other, 900, n, at)], received_us=us(at))
        take_in(anywhere)
    points = history.readings(device.id, START, START + timedelta(hours=1))
    assert [(p.raw, p.value, p.unit) for p in points] == [
        (300 + n, pytest.approx(0.3 + n / 1000), "MPa") for n in range(5)
    ]
    assert [p.at for p in points] == [START + timedelta(minutes=10 * n) for n in range(5)]
    half = history.readings(device.id, START + timedelta(minutes=10), START + timedelta(minutes=30), quantity=4)
    assert [p.raw for p in half] == [301, 302]
    assert history.readings(device.id, START, START + timedelta(hours=1), quantity=5) == []


def test_a_death_between_the_file_and_the_position_leaves_no_double_and_no_gap(anywhere) -> None:
    device = DeviceFactory(profile="hydrant_mpa")
    expected = []
    for n in range(12):
        fill(anywhere, [pressure(device, 100 + n, n)], received_us=us(START) + n)
        expected.append(100 + n)
        ingest = Ingest(anywhere)
        while ingest.step() or ingest.behind:
            pass
        if n % 3 == 0:  # dies before anything is stored
            continue
        ingest._begin(readings=True, now=0.0)
        ingest.history.wait()
        if n % 3 == 1:  # the file is there, the position has not moved
            continue
        ingest.flush()
    take_in(anywhere)
    assert values(device) == expected
    assert RegionHour.objects.get(region_code=device.region_code).readings == 12
    assert list(history.store().stored().twice) == []
    assert history.store().stored().rows == 12


def test_merging_keeps_every_row_and_a_merge_that_was_cut_off_counts_once(journal) -> None:
    device = DeviceFactory(profile="hydrant_mpa")
    ingest = Ingest(journal)
    for n in range(20):
        fill(journal, [pressure(device, n, n, START + timedelta(seconds=n))], received_us=us(START) + n)
        ingest.catch_up()
    folder = journal.parent / "history"
    before = segments.segments(folder)
    copies = {s.path: s.path.read_bytes() for s in before}
    assert len(before) == 20
    assert retention.merge() >= 2
    assert len(segments.segments(folder)) < 8
    assert values(device) == list(range(20))
    for path, content in copies.items():  # as if the merge had died before it took its sources away
        path.write_bytes(content)
    assert values(device) == list(range(20))
    retention.merge()
    assert {s.path for s in segments.segments(folder)} == set(folder.glob("*.parquet"))
    assert values(device) == list(range(20))


def test_what_cannot_be_written_holds_the_position_and_is_tried_again(anywhere, monkeypatch) -> None:
    device = DeviceFactory(profile="hydrant_mpa")
    fill(anywhere, [pressure(device, 5, 1)], received_us=us(START))
    ingest, real, failures = Ingest(anywhere), history.store().write, iter([OSError("no room")])

    def fail_once(*known):
        if error := next(failures, None):
            raise error
        real(*known)

    monkeypatch.setattr(history.store().__class__, "write", lambda _, *known: fail_once(*known))
    ingest.step()
    ingest._begin(readings=True, now=0.0)
    with pytest.raises(OSError, match="no room"):
        ingest.history.wait()
    assert ingest.history.busy
    assert ingest.history.tend() == "no room"
    ingest.flush()
    assert values(device) == [5]


def test_counts_by_division_and_hour_agree_with_what_came_however_often_ingest_dies(anywhere) -> None:
    devices = [DeviceFactory(profile="hydrant_mpa") for _ in range(3)]
    serial, heard, messages, alarms = 0, {}, Counter(), Counter()
    for n in range(9):
        at = START + timedelta(minutes=17 * n)
        hour = us(at) // 3_600_000_000
        frames = []
        for device in devices[: n % 3 + 1]:
            serial += 1
            word = (FIRE, FAULT)[n % 2]
            frames += [
                pressure(device, n, serial, at),
                state_frame(device.source, word, serial=serial + 500, point=n, at=at),
            ]
            heard.setdefault(hour, set()).add(device.id)
            messages[hour] += 2
            alarms[hour] += 1
        fill(anywhere, frames, received_us=us(at))
        ingest = Ingest(anywhere)
        ingest.step()
        if n % 2:
            ingest.flush()
    take_in(anywhere)
    rows = {row.hour: row for row in RegionHour.objects.filter(region_code="445281102")}
    assert {hour: row.messages for hour, row in rows.items()} == messages
    assert {hour: row.readings for hour, row in rows.items()} == {h: n // 2 for h, n in messages.items()}
    assert {hour: row.alarms for hour, row in rows.items()} == alarms
    assert {hour: row.devices for hour, row in rows.items()} == {h: len(ids) for h, ids in heard.items()}
    (top,) = [sum(r.messages for r in RegionHour.objects.filter(region_code="0"))]
    assert top == sum(messages.values())
    found = history.region_hours("445281", START - timedelta(hours=1), START + timedelta(hours=6))
    assert {(h.region_code, h.messages) for h in found} == {("445281102", n) for n in messages.values()}


def test_a_device_heard_on_both_sides_of_the_hour_counts_in_both(journal) -> None:
    device = DeviceFactory()
    edge = datetime(2026, 11, 21, 3, tzinfo=UTC)
    for n, at in enumerate((edge - timedelta(seconds=1), edge + timedelta(seconds=1))):
        fill(journal, [unit_frame(device.source, b"", serial=n, at=at)], received_us=us(at))
    take_in(journal)
    assert [r.devices for r in RegionHour.objects.filter(region_code="445281102").order_by("hour")] == [1, 1]
    device.refresh_from_db()
    assert device.last_seen_at == edge + timedelta(seconds=1)


def test_silent_devices_are_found_in_the_column_as_in_the_table(anywhere) -> None:
    now = START + timedelta(hours=10)
    devices = [DeviceFactory() for _ in range(6)]
    away = DeviceFactory(unit=None, region_code="445203001")
    for n, device in enumerate(devices[:5]):
        at = START + timedelta(hours=2 * n)
        fill(anywhere, [unit_frame(device.source, b"", serial=1, at=at)], received_us=us(at))
    assert history.silent("445281", timedelta(hours=5), now).count == 6  # ingest has not run: the table
    take_in(anywhere)
    found = history.silent("445281", timedelta(hours=5), now)
    assert (found.count, found.of) == (4, 6)
    assert [d.pk for d in found.devices] == [devices[5].pk, *(d.pk for d in devices[:3])]
    assert [d.pk for d in history.silent("4452", timedelta(hours=5), now).devices if d.pk == away.pk] == [away.pk]
    assert [d.pk for d in history.silent("445281", timedelta(hours=5), now, most=2).devices] == [
        devices[5].pk, devices[0].pk,
    ]  # fmt: skip


def test_replay_fills_a_hole(journal) -> None:
    device = DeviceFactory(profile="hydrant_mpa")
    Device.objects.update(registered_at=START - timedelta(days=1))
    ingest, folder = Ingest(journal), journal.parent / "history"
    for n in range(6):
        fill(journal, [pressure(device, n, n)], received_us=us(START) + n)
        ingest.catch_up()
    for segment in segments.segments(folder)[2:5]:
        segment.path.unlink()
    assert values(device) == [0, 1, 5]
    assert replay(journal, write=True).readings == 6
    assert values(device) == list(range(6))
    fill(journal, [pressure(device, 6, 6)], received_us=us(START) + 6)
    take_in(journal)
    assert values(device) == list(range(7))


def test_an_export_holds_what_was_asked_for_as_parquet_and_as_csv(anywhere, tmp_path, capsys) -> None:
    device, other = DeviceFactory(profile="hydrant_mpa"), DeviceFactory(profile="hydrant_mpa")
    fill(anywhere, [pressure(d, 320, n) for n, d in enumerate((device, other))], received_us=us(START))
    take_in(anywhere)
    span = ["--from", "2026-11-21T00:00", "--to", "2026-11-22T00:00"]
    parquet, csv = tmp_path / "out.parquet", tmp_path / "out.csv"
    assert main(["history", "export", str(parquet), *span, "--region", "445281"]) == 0
    rows = duckdb.sql(f"SELECT device, reporter, value, unit, time_utc FROM '{parquet}' ORDER BY device").fetchall()
    assert [r[0] for r in rows] == sorted([device.ref, other.ref])
    assert rows[0][1:4] == ("11.1.99.2", 0.32, "MPa")
    assert rows[0][4] == START.replace(tzinfo=None)
    assert main(["history", "export", str(csv), *span, "--device", device.ref]) == 0
    head, line = csv.read_text("utf-8").splitlines()
    assert head.startswith("device,address,reporter,quantity,time_utc")
    assert line.startswith(f"{device.ref},{device.source},11.1.99.2,4,2026-11-21 02:30:00")
    assert main(["history", "export", str(tmp_path / "out.xlsx"), *span]) == 2
    assert main(["history", "check"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["rows"] == 2
    assert main(["history", "show", device.ref, "--hours", "1000000"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 0.32


def test_what_is_beyond_its_time_is_let_go_but_fires_are_kept(anywhere) -> None:
    device = DeviceFactory(profile="hydrant_mpa")
    Device.objects.update(registered_at=START - timedelta(days=1))
    frames = [
        pressure(device, 1, 1),
        state_frame(device.source, FIRE, serial=2),
        state_frame(device.source, FAULT, serial=3),
    ]
    fill(anywhere, frames, received_us=us(START))
    take_in(anywhere)
    assert retention.forget(START + timedelta(days=30)) == {"readings": 0, "state_events": 0, "hours": 0}
    told = retention.forget(datetime.now(UTC) + timedelta(days=1200))
    assert told["readings"] == 1
    assert told["hours"] > 0
    assert set(SensorEvent.objects.values_list("condition", flat=True)) == {"fire"}
    assert values(device) == []


def test_a_thousand_rows_of_a_device_take_few_bytes(tmp_path) -> None:
    rows = Rows()
    for slot in range(100):
        for n in range(200):
            rows.add(slot, (1, 1, 99, 1), 4, 1_764_000_000_000 + n * 600_000 + slot * 1000, 300 + n % 7)
    made = segments.write(tmp_path, rows, 1, 10)
    assert made.path.stat().st_size / len(rows) < 8


def test_hours_add_up_to_every_division_above() -> None:
    hours.add({("445281102", 5): hours.Count(2, 1, 0, 1), ("445203", 5): hours.Count(1)})
    hours.add({("445281102", 5): hours.Count(1)})
    rows = {r.region_code: (r.messages, r.readings, r.devices) for r in RegionHour.objects.all()}
    assert rows == {
        "0": (4, 1, 1),
        "44": (4, 1, 1),
        "4452": (4, 1, 1),
        "445281": (3, 1, 1),
        "445281102": (3, 1, 1),
        "445203": (1, 0, 0),
    }


def test_the_page_shows_a_chart_and_the_table_behind_it_and_gives_the_values_as_a_file(journal) -> None:
    device, kept = DeviceFactory(profile="hydrant_mpa"), datetime.now(UTC).replace(microsecond=0)
    frames = [pressure(device, 300 + n, n, kept - timedelta(minutes=30 * n)) for n in range(4)]
    fill(journal, frames, received_us=us(kept))
    take_in(journal)
    client = client_for(make_user("supervisor", "alarm_supervisor", "445281"))
    page = client.get(f"/devices/{device.ref}/readings?span=week").content.decode()
    assert "最近一周" in page
    assert "11.1.99.2" in page
    answer = client.get(f"/devices/{device.ref}/readings?format=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 5
    assert lines[1].split(",")[1:5] == ["11.1.99.2", "4", "压力", "0.303"]
    stranger = client_for(make_user("stranger", "alarm_supervisor", "445203"))
    assert stranger.get(f"/devices/{device.ref}/readings").status_code == 404
