"""What hears of a run: the one who tells them all, the event log, the status file, TensorBoard's logs."""
