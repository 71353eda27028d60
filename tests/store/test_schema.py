"""Declarations: what a table may not say, and the names and keys on which other people's programs rely."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from tipoff.errors import BrokenInvariant
from tipoff.store.schema import (
    FACT,
    FACT_PRECEDENCE,
    WRITTEN,
    Column,
    Table,
    count,
    day,
    derived,
    facts,
    fingerprint,
    flag,
    instant,
    number,
    string,
)
from tipoff.store.tables import ALL, table_named, table_of
from tipoff.store.tables.features import CATEGORIES, catalogue

# table | key | columns beside it that matter. Written down here on purpose: whoever changes a name breaks a promise, and sees it.
PROMISED = """
raw.payloads | payload_id | source kind game_date event_id fetched_at snapshot_at url bytes status path
raw.odds_player_points | event_id bookmaker market player_lookup point snapshot_at | game_id game_date commence_time \
  over_price under_price is_main minutes_to_tip last_update
raw.odds_game_lines | event_id bookmaker market outcome point snapshot_at | game_id game_date price team
raw.schedule | game_id known_at | league_game_id event_id commence_time home away game_type status
raw.player_box | game_id player_lookup known_at | team started minutes points fgm fga fg3m fg3a ftm fta oreb dreb \
  ast stl blk tov pf plus_minus did_not_play reason paint_fga mid_fga three_fga
raw.shots | game_id action_id | player_lookup zone made points
raw.injuries | player_lookup game_date known_at | team status reason
raw.injury_submissions | team game_date known_at | submitted
raw.quarantine | payload_id path | rule value first_seen replayed_at
ref.players | player_lookup | name birth_date team
ref.aliases | alias team season | player_lookup
ref.unresolved_names | name game_id source | payload_id candidates
ref.game_ids | id_kind external_id | game_id
ref.bookmakers | bookmaker | kind title spellings
analytics.player_game_summary | game_id player_lookup | minutes points usage_rate ts_pct closing_line \
  over_under_result margin
analytics.team_game_summary | game_id team | possessions pace off_rating def_rating won margin
analytics.upcoming_player_game_context | game_id player_lookup as_of | team opponent home days_rest game_total \
  home_spread current_line opening_line injury_status star_teammates_out streak_over streak_under
analytics.player_line_summary | game_id player_lookup as_of | consensus_line line_std line_range book_count \
  outlier_count agreement_ratio sharp_avg soft_avg sharp_soft_delta implied_over juice_asymmetry best_over_book \
  best_over_point best_over_price best_under_book best_under_point best_under_price opening_line closing_line \
  close_minutes line_movement velocity snapshot_count
features.store | game_id player_lookup as_of | quality_score tier missing_required quality_ready feature_version \
  newest_known_at
predictions.player_prop_predictions | prediction_id | game_id player_lookup system_id predicted_points \
  predicted_mean predicted_whole sd p_over p_push p_under line line_source bookmaker edge line_margin recommendation \
  is_active superseded_by invalidation_reason quality_score batch_id run_mode as_of created_at
predictions.absences | game_id player_lookup system_id batch_id | reason detail mended_by
predictions.prediction_accuracy | player_lookup game_id system_id | actual_points result prediction_correct \
  signed_error absolute_error predicted_margin actual_margin clv_points clv_prob price units graded_at
predictions.published_picks | pick_id | shown published_at
models.registry | model_id | system_id family feature_set loss window artefact sha256 library_version metrics gates \
  state state_since
models.state_changes | change | model_id from_state to_state changed_at changed_by reason gates
models.performance_daily | system_id game_date | hit_rate_7d n_7d low_7d high_7d hit_rate_14d n_14d hit_rate_30d \
  n_30d mae bias brier state health
ops.outbox | message_id | body
ops.generations | scope kind | generation
"""
PROMISES = [tuple(part.split() for part in line.split("|")) for line in PROMISED.strip().splitlines()]
BY_NAME = pytest.mark.parametrize("table", ALL, ids=[table.name for table in ALL])


class TestWhatATableMayNotSay:
    def test_a_key_that_is_no_column_is_refused_by_name(self) -> None:
        with pytest.raises(BrokenInvariant, match=r"raw\.x has no column game_id"):
            Table("raw.x", ("game_id",), (string("player", "p"),), "a table")

    def test_a_precedence_that_is_no_column_is_refused_by_name(self) -> None:
        with pytest.raises(BrokenInvariant, match=r"raw\.x has no column fetched_at"):
            Table("raw.x", ("player",), (string("player", "p"),), "a table", precedence=("fetched_at",))

    def test_what_the_key_settles_and_is_no_column_is_refused_by_name(self) -> None:
        with pytest.raises(BrokenInvariant, match=r"raw\.x has no column game_id"):
            Table("raw.x", ("player",), (string("player", "p"),), "a table", settled=("game_id",))

    def test_a_column_declared_twice_is_refused_by_name(self) -> None:
        with pytest.raises(BrokenInvariant, match=r"raw\.x declares a column twice: \['player', 'player'\]"):
            Table("raw.x", ("player",), (string("player", "p"), number("player", "q")), "a table")

    def test_a_fact_cannot_declare_its_own_provenance(self) -> None:
        with pytest.raises(BrokenInvariant, match="source"):
            facts("raw.x", ("source",), (string("source", "mine"),), "a table")

    def test_a_table_that_nobody_declared_is_refused_by_name(self) -> None:
        with pytest.raises(BrokenInvariant, match=r"raw\.nonsense"):
            table_named("raw.nonsense")


class TestWhatATableSays:
    TABLE = facts(
        "raw.x",
        ("player", "known_at"),
        (
            string("player", "p"),
            day("game_date", "d"),
            number("points", "n", "pts"),
            count("rank", "c"),
            flag("main", "f"),
            instant("at", "i"),
        ),
        "a table",
        computed=("main",),
    )

    def test_values_are_neither_key_nor_computed_nor_who_wrote_them(self) -> None:
        fact = [column.name for column in FACT if column.name not in {"known_at", "written_at", "run_id"}]
        assert self.TABLE.values == ("game_date", "points", "rank", "at", *fact)

    def test_versions_of_a_fact_share_its_key_but_for_the_moment(self) -> None:
        assert self.TABLE.versioned
        assert self.TABLE.fact_key == ("player",)
        assert not derived("ref.y", ("player",), (string("player", "p"),), "a table").versioned

    def test_kinds_are_rendered_as_arrow_with_instants_in_utc(self) -> None:
        schema = self.TABLE.arrow_schema
        assert [schema.field(name).type for name in ("player", "game_date", "points", "rank", "main", "at")] == [
            pa.string(),
            pa.date32(),
            pa.float64(),
            pa.int64(),
            pa.bool_(),
            pa.timestamp("us", "UTC"),
        ]
        assert self.TABLE.empty().schema == schema
        assert self.TABLE.empty().num_rows == 0

    def test_a_name_is_a_dataset_and_a_table(self) -> None:
        assert (self.TABLE.dataset, self.TABLE.short_name) == ("raw", "x")


class TestFingerprints:
    def test_a_new_column_another_type_or_another_table_changes_it(self) -> None:
        one = derived("ref.y", ("a",), (string("a", "a"),), "a table")
        more = derived("ref.y", ("a",), (string("a", "a"), string("b", "b")), "a table")
        other = derived("ref.y", ("a",), (count("a", "a"),), "a table")
        second = derived("ref.z", ("a",), (string("a", "a"),), "a table")
        assert len({fingerprint(tables) for tables in ((one,), (more,), (other,), (second,), (one, second))}) == 5

    def test_words_do_not_change_it(self) -> None:
        one = derived("ref.y", ("a",), (string("a", "some words"),), "a table")
        same = derived("ref.y", ("a",), (string("a", "other words"),), "another description")
        assert fingerprint((one,)) == fingerprint((same,))


class TestDeclaredTables:
    def test_no_table_is_declared_twice(self) -> None:
        assert len({table.name for table in ALL}) == len(ALL)

    @BY_NAME
    def test_a_name_is_dataset_and_table_in_small_letters(self, table: Table) -> None:
        assert re.fullmatch(r"[a-z]+\.[a-z][a-z0-9_]*", table.name)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in table.column_names)

    @BY_NAME
    def test_every_column_and_the_table_say_what_they_are(self, table: Table) -> None:
        assert [column.name for column in table.columns if len(column.description.strip()) < 3] == []
        assert table.description.strip()

    @BY_NAME
    def test_the_key_and_what_decides_and_what_is_computed_are_columns(self, table: Table) -> None:
        assert table.key
        assert {*table.key, *table.precedence, *table.computed} <= set(table.column_names)
        assert not set(table.key) & {*table.computed, "written_at", "run_id"}

    @BY_NAME
    def test_every_row_says_who_wrote_it_and_when(self, table: Table) -> None:
        assert table.columns[-2:] == WRITTEN

    @BY_NAME
    def test_a_fact_says_who_said_so_and_when_it_could_be_known(self, table: Table) -> None:
        says = {"known_at", "source", "payload_id", "origin_rank", "fetched_at"} <= set(table.column_names)
        places = [table.precedence.index(name) for name in FACT_PRECEDENCE if name in table.precedence]
        assert says == (len(places) == len(FACT_PRECEDENCE) and places == sorted(places))

    @pytest.mark.parametrize(("name", "key", "columns"), PROMISES, ids=[name[0] for name, *_ in PROMISES])
    def test_what_other_programs_rely_on_is_there(self, name: list[str], key: list[str], columns: list[str]) -> None:
        table = table_named(name[0])
        assert table.key == tuple(key)
        assert set(columns) - set(table.column_names) == set()

    def test_every_table_but_those_of_the_house_itself_is_promised(self) -> None:
        assert {table.name for table in ALL} - {name[0] for name, *_ in PROMISES} == {
            "ref.book_groups",
            "ref.league",
            "ref.sources",
            "ref.spellings",
            "raw.arrivals",
        }

    def test_units_are_said_where_a_reader_could_err(self) -> None:
        silent = {
            f"{table.name}.{column.name}"
            for table in ALL
            for column in table.columns
            if column.name.endswith(("_price", "_line", "minutes_to_tip", "edge")) and column.kind == "float" and not column.unit
        }
        assert silent == set()

    def test_an_instant_is_in_utc_and_a_day_in_new_york(self) -> None:
        columns: list[Column] = [column for table in ALL for column in table.columns]
        assert {column.unit for column in columns if column.kind == "instant"} == {"UTC"}
        assert {column.unit for column in columns if column.kind == "date"} == {"New York date"}


class TestFeatureStore:
    def test_each_feature_has_a_value_a_quality_and_a_source(self) -> None:
        columns = {column.name: column.kind for column in table_named("features.store").columns}
        for entry in catalogue():
            assert [columns.get(f"{entry.name}{end}") for end in ("", "_quality", "_source")] == ["float", "int", "string"], entry.name
        assert [columns.get(f"{category}_score") for category in CATEGORIES] == ["float"] * 5

    def test_indexes_and_names_are_unique_and_three_are_promised(self) -> None:
        entries = catalogue()
        assert len({entry.index for entry in entries}) == len({entry.name for entry in entries}) == len(entries)
        names = {entry.index: entry.name for entry in entries}
        assert [names[index] for index in (38, 41, 42)] == ["game_total_line", "spread_magnitude", "implied_team_total"]


class TestRowsAsArrow:
    def test_rows_take_the_declared_types_and_leave_out_what_they_do_not_name(self) -> None:
        rows = table_of("raw.shots", [{"game_id": "g", "action_id": 7, "made": None}])
        assert rows.schema == pa.schema([("game_id", pa.string()), ("action_id", pa.int64()), ("made", pa.bool_())])

    def test_no_rows_are_a_table_of_the_declared_shape(self) -> None:
        assert table_of("raw.shots", []).schema == table_named("raw.shots").arrow_schema
