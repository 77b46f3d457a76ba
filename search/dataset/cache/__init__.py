"""Pixels decoded once, on disk, for all trials, runs and processes."""
