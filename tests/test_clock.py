"""Time: aware instants only, New York game days, seasons."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.clock import (
    NEW_YORK,
    FileClock,
    ManualClock,
    SystemClock,
    as_utc,
    game_date_of,
    local_instant,
    parse_instant,
    resolve_date,
    season_of,
)
from tipoff.errors import BadInput, ConfigError, UnknownDate

ARCHIVE = Path(__file__).parents[2] / "shared" / "data" / "archive"
AUCKLAND = ZoneInfo("Pacific/Auckland")


class _NoOffset(tzinfo):
    """A zone in name only: Python calls an instant with such a zone naive."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "nowhere"


class TestInstants:
    def test_a_naive_instant_is_refused(self) -> None:
        with pytest.raises(BadInput, match="2025-11-05T22:30:00 has no time zone"):
            as_utc(datetime(2025, 11, 5, 22, 30))

    def test_a_zone_without_an_offset_is_no_zone(self) -> None:
        with pytest.raises(BadInput, match="has no time zone"):
            as_utc(datetime(2025, 11, 5, 22, 30, tzinfo=_NoOffset()))

    @given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.timezones()))
    def test_an_instant_in_utc_is_the_same_instant(self, instant: datetime) -> None:
        assert as_utc(instant).tzinfo is UTC
        # Compared by the count of seconds: Python calls two readings of a repeated hour unequal.
        assert as_utc(instant).timestamp() == instant.timestamp()

    @pytest.mark.parametrize(
        "text", ["2025-11-05T22:30:00Z", "2025-11-05T22:30:00+00:00", "2025-11-05T17:30:00-05:00", "2025-11-06T11:30:00+13:00"]
    )
    def test_an_instant_is_read_with_whatever_offset_it_was_written(self, text: str) -> None:
        assert parse_instant(text) == datetime(2025, 11, 5, 22, 30, tzinfo=UTC)
        assert parse_instant(text).tzinfo is UTC

    @pytest.mark.parametrize("text", ["2025-11-05T22:30:00", "2025-11-05", "tonight", "", "2025-13-05T22:30:00Z", "1762381800"])
    def test_text_without_an_offset_or_without_an_instant_is_refused(self, text: str) -> None:
        with pytest.raises(BadInput):
            parse_instant(text)

    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
    def test_an_instant_beyond_the_calendar_is_bad_input_and_no_crash(self, text: str) -> None:
        with pytest.raises(BadInput, match="end of the calendar"):
            parse_instant(text)

    def test_a_placeholder_for_no_time_has_no_game_date(self) -> None:
        with pytest.raises(BadInput, match="0001-01-01"):
            game_date_of(parse_instant("0001-01-01T00:00:00Z"))

    @given(st.text())
    def test_any_text_is_an_aware_instant_or_bad_input(self, text: str) -> None:
        try:
            instant = parse_instant(text)
        except BadInput:
            return
        assert instant.tzinfo is UTC


class TestClocks:
    def test_the_machines_clock_is_aware_and_in_utc(self) -> None:
        assert SystemClock().now().tzinfo is UTC

    def test_a_manual_clock_stands_still_until_it_is_turned(self) -> None:
        clock = ManualClock(datetime(2025, 11, 5, 17, 30, tzinfo=NEW_YORK))
        assert clock.now() == clock.now() == datetime(2025, 11, 5, 22, 30, tzinfo=UTC)

    def test_a_manual_clock_goes_forward_and_back(self) -> None:
        clock = ManualClock(datetime(2025, 11, 5, 22, 30, tzinfo=UTC))
        clock.advance(timedelta(hours=-1))
        assert clock.now() == datetime(2025, 11, 5, 21, 30, tzinfo=UTC)
        clock.set(datetime(2025, 12, 1, tzinfo=timezone(timedelta(hours=13))))
        assert clock.now() == datetime(2025, 11, 30, 11, tzinfo=UTC)
        assert clock.now().tzinfo is UTC

    def test_a_manual_clock_takes_no_naive_instant(self) -> None:
        with pytest.raises(BadInput):
            ManualClock(datetime(2025, 11, 5))
        with pytest.raises(BadInput):
            ManualClock(datetime(2025, 11, 5, tzinfo=UTC)).set(datetime(2025, 11, 6))


# (tip, game date): the two nights on which the clocks change stand with their first and last instants.
TIPS = [
    ("2025-11-06T00:30:00Z", date(2025, 11, 5)),
    ("2025-11-06T03:00:00Z", date(2025, 11, 5)),
    ("2025-07-06T03:59:59Z", date(2025, 7, 5)),
    ("2025-07-06T04:00:00Z", date(2025, 7, 6)),
    ("2025-01-06T04:59:59Z", date(2025, 1, 5)),
    ("2025-01-06T05:00:00Z", date(2025, 1, 6)),
    # Spring: 2025-03-09 begins at 05:00Z, before the switch, and ends at 04:00Z, after it.
    ("2025-03-09T04:59:59Z", date(2025, 3, 8)),
    ("2025-03-09T05:00:00Z", date(2025, 3, 9)),
    ("2025-03-10T03:59:59Z", date(2025, 3, 9)),
    ("2025-03-10T04:00:00Z", date(2025, 3, 10)),
    # Autumn: 2025-11-02 begins at 04:00Z and ends at 05:00Z.
    ("2025-11-02T03:59:59Z", date(2025, 11, 1)),
    ("2025-11-02T04:00:00Z", date(2025, 11, 2)),
    ("2025-11-03T04:30:00Z", date(2025, 11, 2)),
    ("2025-11-03T05:00:00Z", date(2025, 11, 3)),
]


class TestGameDates:
    @pytest.mark.parametrize(("tip", "game_date"), TIPS)
    def test_f12_a_tip_belongs_to_its_new_york_day(self, tip: str, game_date: date) -> None:
        assert game_date_of(parse_instant(tip)) == game_date

    @given(st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.timezones()))
    def test_f12_the_game_date_does_not_depend_on_the_zone_in_which_the_tip_is_written(self, tip: datetime) -> None:
        assert game_date_of(tip) == game_date_of(as_utc(tip)) == game_date_of(as_utc(tip).astimezone(AUCKLAND))

    @pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
    def test_f12_a_process_in_another_time_zone_gives_the_same_game_dates(self, zone: str) -> None:
        program = (
            "import sys, time\n"
            "from datetime import UTC, datetime\n"
            "from tipoff.clock import ManualClock, game_date_of, parse_instant, resolve_date\n"
            "print(time.localtime(0).tm_gmtoff)\n"
            "for text in sys.argv[1:]:\n"
            "    tip = parse_instant(text)\n"
            "    print(game_date_of(tip), resolve_date('TODAY', ManualClock(tip)))\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", program, *(tip for tip, _ in TIPS)],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        )
        offset, *answers = run.stdout.splitlines()
        assert int(offset) != 0, "the process did not take the zone"
        assert answers == [f"{game_date} {game_date}" for _, game_date in TIPS]

    def test_a_naive_tip_has_no_game_date(self) -> None:
        with pytest.raises(BadInput):
            game_date_of(datetime(2025, 11, 6, 0, 30))

    def test_the_tips_of_the_archive_fall_on_the_day_that_the_league_gave_it(self) -> None:
        path = ARCHIVE / "games.parquet"
        if not path.is_file():
            pytest.skip(f"no archive at {path}")
        table = pq.read_table(path, columns=["game_date", "tip_utc"])
        rows = table.filter(table.column("tip_utc").is_valid()).to_pylist()[::7]
        assert len(rows) > 1000
        assert [row for row in rows if game_date_of(row["tip_utc"]) != row["game_date"]] == []


class TestDatesInWords:
    LATE = ManualClock(datetime(2025, 11, 6, 4, 59, tzinfo=UTC))  # 23:59 in New York, of the fifth

    @pytest.mark.parametrize(
        ("word", "expected"),
        [
            ("TODAY", date(2025, 11, 5)),
            ("TOMORROW", date(2025, 11, 6)),
            ("YESTERDAY", date(2025, 11, 4)),
            (" today ", date(2025, 11, 5)),
            ("2024-02-29", date(2024, 2, 29)),
            (" 2024-02-29\n", date(2024, 2, 29)),
        ],
    )
    def test_a_word_or_a_date_becomes_a_new_york_date(self, word: str, expected: date) -> None:
        assert resolve_date(word, self.LATE) == expected

    def test_today_turns_at_midnight_in_new_york(self) -> None:
        clock = ManualClock(self.LATE.now())
        clock.advance(timedelta(minutes=1))
        assert resolve_date("TODAY", clock) == date(2025, 11, 6)

    def test_tomorrow_follows_the_calendar_over_a_switch_of_25_hours(self) -> None:
        evening = ManualClock(local_instant(date(2025, 11, 1), time(23, 30)))
        assert resolve_date("TOMORROW", evening) == date(2025, 11, 2)
        assert resolve_date("YESTERDAY", ManualClock(local_instant(date(2025, 11, 3), time(0, 15)))) == date(2025, 11, 2)

    @pytest.mark.parametrize("text", ["", "2025-02-29", "05.11.2025", "tonight", "2025-11-05T00:00:00Z", "TODAY+1", "../2025-11-05"])
    def test_anything_else_is_refused_with_an_example(self, text: str) -> None:
        with pytest.raises(UnknownDate) as refused:
            resolve_date(text, self.LATE)
        assert repr(text) in refused.value.message
        assert "2025-11-05" in refused.value.hint

    @pytest.mark.parametrize("text", ["0001-01-01", "0205-11-05", "9999-12-31"])
    def test_a_year_in_which_nobody_plays_is_refused_since_days_are_counted_both_ways_from_a_date(self, text: str) -> None:
        with pytest.raises(UnknownDate, match=text):
            resolve_date(text, self.LATE)


class TestLocalInstants:
    @pytest.mark.parametrize(
        ("day", "zone", "expected"),
        [
            (date(2025, 7, 1), "America/New_York", datetime(2025, 7, 1, 23, tzinfo=UTC)),
            (date(2025, 1, 1), "America/New_York", datetime(2025, 1, 2, 0, tzinfo=UTC)),
            (date(2025, 3, 9), "America/Los_Angeles", datetime(2025, 3, 10, 2, tzinfo=UTC)),
            (date(2025, 11, 2), "America/Los_Angeles", datetime(2025, 11, 3, 3, tzinfo=UTC)),
            (date(2025, 3, 9), "America/Phoenix", datetime(2025, 3, 10, 2, tzinfo=UTC)),
        ],
    )
    def test_seven_in_the_evening_is_seven_on_the_wall(self, day: date, zone: str, expected: datetime) -> None:
        assert local_instant(day, time(19), ZoneInfo(zone)) == expected

    @given(st.dates(date(2000, 1, 1), date(2050, 1, 1)))
    def test_an_evening_in_new_york_is_of_that_game_day(self, day: date) -> None:
        assert game_date_of(local_instant(day, time(19))) == day


class TestSeasons:
    @pytest.mark.parametrize(
        ("day", "season"),
        [
            (date(2015, 10, 27), "2015-16"),
            (date(2016, 6, 19), "2015-16"),
            (date(2019, 7, 31), "2018-19"),
            (date(2019, 8, 1), "2019-20"),
            # The two pandemic seasons: the one ended on 2020-10-11, the other began on 2020-12-22 and ended on 2021-07-20.
            (date(2020, 8, 14), "2019-20"),
            (date(2020, 10, 11), "2019-20"),
            (date(2020, 12, 22), "2020-21"),
            (date(2021, 7, 20), "2020-21"),
            (date(2021, 10, 19), "2021-22"),
            (date(2025, 12, 31), "2025-26"),
            (date(2026, 1, 1), "2025-26"),
            (date(1999, 12, 1), "1999-00"),
        ],
    )
    def test_a_day_belongs_to_the_season_that_was_played_then(self, day: date, season: str) -> None:
        assert season_of(day) == season

    def test_seasons_follow_one_another_without_a_gap(self) -> None:
        days = [date(2014, 1, 1) + timedelta(days=count) for count in range(365 * 13)]
        seasons = list(dict.fromkeys(map(season_of, days)))
        assert seasons == [f"{year}-{(year + 1) % 100:02d}" for year in range(2013, 2027)][: len(seasons)]
        assert seasons == sorted(seasons)

    def test_every_game_of_the_archive_is_in_the_season_that_the_archive_says(self) -> None:
        path = ARCHIVE / "games.parquet"
        if not path.is_file():
            pytest.skip(f"no archive at {path}")
        rows = pq.read_table(path, columns=["game_date", "season"]).to_pylist()
        assert len(rows) > 12000
        assert [row for row in rows if season_of(row["game_date"]) != row["season"]] == []


class TestAClockInAFile:
    NOON = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)

    def test_every_clock_of_the_file_tells_what_one_was_set_to(self, tmp_path: Path) -> None:
        one, other = FileClock(tmp_path / "clock"), FileClock(tmp_path / "clock")
        one.set(self.NOON.astimezone(AUCKLAND))
        assert other.now() == self.NOON
        assert other.now().tzinfo is UTC
        other.advance(timedelta(hours=-1, microseconds=1))
        assert one.now() == self.NOON - timedelta(hours=1) + timedelta(microseconds=1)
        assert [path.name for path in tmp_path.iterdir()] == ["clock"]

    def test_another_process_lives_at_its_instant(self, tmp_path: Path) -> None:
        FileClock(tmp_path / "clock").set(self.NOON)
        code = "import sys, pathlib; from tipoff.clock import FileClock; print(FileClock(pathlib.Path(sys.argv[1])).now().isoformat())"
        told = subprocess.run([sys.executable, "-c", code, str(tmp_path / "clock")], capture_output=True, text=True, check=True)
        assert told.stdout.strip() == self.NOON.isoformat()

    @pytest.mark.parametrize("text", ["", "noon", "2026-01-14T17:00:00", "\udcff"])
    def test_a_file_without_an_instant_is_refused_by_its_name(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "clock").write_text(text, encoding="utf-8", errors="surrogateescape")
        with pytest.raises(ConfigError, match="clock tells no instant"):
            FileClock(tmp_path / "clock").now()

    def test_a_file_that_is_not_there_is_refused_and_so_is_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="tells no instant"):
            FileClock(tmp_path / "clock").now()
        with pytest.raises(ConfigError, match="cannot be written"):
            FileClock(tmp_path / "nowhere" / "clock").set(self.NOON)
