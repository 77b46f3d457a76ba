"""The Optuna study of a run, the only truth about its trials: how they lie in it, how it is opened, kept and read."""
