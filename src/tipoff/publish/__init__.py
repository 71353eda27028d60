"""Phase 6: what the tables say, as documents that stand on their own; each is written whole or not at all."""
