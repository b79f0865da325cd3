"""Formats that models leave in."""
