"""Tests of phase 4, with the small league (`small_league`), its eras (`eras`) and the slow reference (`slow`) that other rooms use too."""
