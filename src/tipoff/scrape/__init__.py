"""Phase 1: sources declare requests and transform payloads; one client fetches."""
