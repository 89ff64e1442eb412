"""What we write: pure, values in and text out."""
