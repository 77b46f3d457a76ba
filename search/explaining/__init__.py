"""What the best model looks at, computed once when it is exported; files then show it without Keras."""
