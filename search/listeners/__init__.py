"""What happens during a run, and what hears of it: the event log, the status file, TensorBoard's logs."""
