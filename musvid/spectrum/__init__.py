"""Sound to pictures."""
