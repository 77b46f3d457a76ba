"""`report.html`: one file that answers what won, how sure that is, why, and where the best model fails."""
