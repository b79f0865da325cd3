"""One architecture family a file, each a builder of Keras models."""
