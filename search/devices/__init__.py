"""What devices there are and what they can do, without initialising any."""
