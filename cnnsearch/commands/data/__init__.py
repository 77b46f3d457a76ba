"""`cnnsearch data`: what can be done with images before, beside and after a search."""
