"""What each way to shrink a stake is worth where a system's claims are true, half true, or noise; and how bets of a game hang together.

    uv run python bench/staking.py [SHARED_DATA]

Invented seasons: 120 days of 60 players in six games, a margin of 6 %, log-odds of the market .12 from even and of the claims .2
from the market. The truth is the market's log-odds + w x (claim - market), with w = 1, .5 or 0. With a folder of real data besides: the
correlation of overs within a game, from its archive of lines of 2021 to 2024.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from tipoff.grade.bankroll import simulate
from tipoff.market.shrinkage import log_odds
from tipoff.market.staking import SHRINKS, StakingRule
from tipoff.rates import clustered_mean

DAYS, PLAYERS, SEASONS, MARGIN = 120, 60, 100, 0.06
FILES = ("props_points_bettingpros_tkersulis10", "props_points_rotowire_dhiren")
PAIRS = """
with of_book as (
    select game_id, player_id, book, last(line order by snapshot_utc) as line from '{lines}' where coalesce(pre_tip, true) group by all
), lines as (select game_id, player_id, median(line) as line from of_book group by all),
sides as (
    select game_id, player_id, box.game_date, box.team, sign(pts - line) as side
    from lines join '{box}' as box using (game_id, player_id) where box.min > 0 and pts <> line
)
select cast(a.game_date as varchar) as day, a.team = b.team as same_team, a.side as first, b.side as second
from sides a join sides b on a.game_id = b.game_id and a.player_id < b.player_id
"""


def chance(logit: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-logit))


def season(truth: float, seed: int) -> tuple[pa.Table, pa.Table]:
    draws = np.random.default_rng(seed)
    n = DAYS * PLAYERS
    day = np.repeat(np.arange(DAYS), PLAYERS)
    game = [f"{d}_{p // 10}" for d, p in zip(day, np.tile(np.arange(PLAYERS), DAYS), strict=True)]
    player = [f"p{number}" for number in range(n)]
    market = chance(draws.normal(0.0, 0.12, n))
    claim = chance(log_odds(market) + draws.normal(0.0, 0.2, n))
    over = draws.random(n) < chance(log_odds(market) + truth * (log_odds(claim) - log_odds(market)))
    over_price, under_price = 1.0 / (market * (1.0 + MARGIN)), 1.0 / ((1.0 - market) * (1.0 + MARGIN))
    side = np.where(claim - 1.0 / over_price >= 0.02, "OVER", np.where(1.0 - claim - 1.0 / under_price >= 0.02, "UNDER", "PASS"))
    result = np.where(side == "PASS", None, np.where((side == "OVER") == over, "WIN", "LOSS"))
    key = {"game_id": game, "player_lookup": player}
    said = {
        "system_id": ["invented"] * n,
        "bookmaker": ["fanduel"] * n,
        "recommendation": side,
        "result": pa.array(result.tolist(), pa.string()),
        "game_date": np.datetime64("2024-11-01") + day,
        "p_over": claim,
        "p_push": np.zeros(n),
        "p_under": 1.0 - claim,
        "over_price": over_price,
        "under_price": under_price,
        "consensus_over": claim,
    }
    facts = {"line": np.full(n, 20.5), "market_over": market, "actual_points": np.where(over, 25.0, 15.0)}
    return pa.table(key | said), pa.table(key | facts)


def shrinking() -> None:
    print("truth  shrink       log growth a season [95 %]   ends below 1   bets   drawdown   in the claimed band   in the fair band")
    for truth in (1.0, 0.5, 0.0):
        seasons = [season(truth, seed) for seed in range(SEASONS)]
        for shrink in SHRINKS:
            rule = replace(StakingRule(), shrink=shrink)
            found = [simulate(said, facts, rule, paths=400, seed=seed) for seed, (said, facts) in enumerate(seasons)]
            growth = clustered_mean(np.log([each.final for each in found]), range(SEASONS))
            bands = [
                [each for each in found if (band := getattr(each, name)) and band.low[-1] <= each.final <= band.high[-1]]
                for name in ("as_claimed", "as_fair")
            ]
            betting = sum(each.bets > 0 for each in found)
            print(
                f"{truth:5.1f}  {shrink:11}  {growth.mean:+.3f} [{growth.low:+.3f}, {growth.high:+.3f}]       "
                f"{sum(each.final < 1.0 for each in found):3} of {SEASONS}    {np.median([each.bets for each in found]):6.0f}   "
                f"{np.median([each.max_drawdown or 0.0 for each in found]):.3f}      "
                f"{len(bands[0]):3} of {betting:3}            {len(bands[1]):3} of {betting:3}"
            )


def correlation(archive: Path) -> None:
    print("\nfile, pairs, correlation of overs [95 %, by date]")
    with duckdb.connect() as connection:
        for file in FILES:
            query = PAIRS.format(lines=archive / f"{file}.parquet", box=archive / "player_box.parquet")
            pair = connection.sql(query).fetchnumpy()
            mean = float(np.mean(np.concatenate([pair["first"], pair["second"]])))
            product = (pair["first"] - mean) * (pair["second"] - mean) / (1.0 - mean * mean)
            same = np.asarray(pair["same_team"], dtype=np.bool_)
            for name, rows in (("team-mates", same), ("opponents", ~same)):
                found = clustered_mean(product[rows], np.asarray(pair["day"], dtype=np.str_)[rows])
                print(f"{file}, {found.n:,} {name} on {found.clusters} dates: {found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]")


if __name__ == "__main__":
    shrinking()
    if len(sys.argv) > 1:
        correlation(Path(sys.argv[1]) / "archive")
