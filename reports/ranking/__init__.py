"""The ranking of a run's trials, or of several runs': which rows, in which order, and how they are shown."""
