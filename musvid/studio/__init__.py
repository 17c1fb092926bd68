"""What a page needs of the library: moments at once, renders that are watched, visitors."""
