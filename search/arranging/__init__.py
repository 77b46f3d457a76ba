"""Train, validation and test folders made out of any source: what `cnnsearch data prepare` does."""
