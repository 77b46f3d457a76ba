"""Photos on disk to batches in memory: sources, index, split, cache, feeding. Knows neither models nor trials."""
