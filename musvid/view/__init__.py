"""How the strip is seen: bent, moved by a camera, finished; the last stage before the writer."""
