"""Everything that leaves for a device: SavedModel, TFLite decoders, their verification and benchmark."""
