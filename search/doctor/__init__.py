"""The doctor: one look at every image of a source before anything is trained. It reads and never writes."""
