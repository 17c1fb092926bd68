"""Pictures and sound to a file, and back."""
