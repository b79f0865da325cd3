"""What stands between a photograph and a model: one codec a family."""
