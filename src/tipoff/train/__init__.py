"""Training: data sets from the one builder, fits in time order, and the registry. Knows no queue and no schedule."""
