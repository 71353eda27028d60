"""The market: arithmetic on prices (devig, main line, consensus, close, staking). It knows nothing of players' form."""
