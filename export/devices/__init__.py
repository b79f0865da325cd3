"""What a device runs, made from a codec."""
