"""What is hidden from a model, and what it must predict."""
