"""Starts trials and decides about them: oracle, tuner, slots, failures, budgets."""
