"""Phase 3: games, teams, players and the market, each summed up as of a moment."""
