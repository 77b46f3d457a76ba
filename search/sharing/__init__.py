"""What several machines do together: they meet in one study, share its budget, and one of them finishes it."""
