"""Phase 4: the registry, the one builder for tonight and for eleven seasons, quality, and the gate."""
