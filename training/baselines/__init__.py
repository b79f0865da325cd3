"""What must be beaten: classical propagation of colours, palettes, image codecs."""
