"""What the other commands do to one photograph after the other, to millions, on one machine or many, by Ray Data."""
