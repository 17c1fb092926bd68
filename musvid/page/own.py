"""Which settings belong to a song, and which to a look."""

FORMAT = "view.shown"
"""The size of the video, which is the visitor's: most looks leave it."""

_PART = ("start", "duration", "loop", "track", "form", "title", "artist", "target")


def is_of_song(name: str) -> bool:
    """Whether a setting is of the song's part, or of what was found in it.

    It stays where another look is taken, and goes where another song is.
    """
    return name in _PART or name.startswith("lock.")
