"""Phase 2: payloads and archives to typed rows, merged so that neither order nor repetition matters."""
