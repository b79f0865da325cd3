"""What is measured: of images, of guessed colours, of rates."""
