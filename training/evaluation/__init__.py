"""Scores of codecs beside baselines, one module a family."""
