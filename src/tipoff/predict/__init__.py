"""Phase 5: systems, their distributions, and a slate's predictions, recommendations and absences."""
