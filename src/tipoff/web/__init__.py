"""Pages over the published documents; they never open the warehouse."""
