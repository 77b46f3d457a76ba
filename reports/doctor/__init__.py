"""What the doctor found, as a person or a program reads it: tables in the terminal, a page."""
