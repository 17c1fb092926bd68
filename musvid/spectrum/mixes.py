"""How a guide, a picture or footage of one's own, is mixed into drawings: the names."""

MULTIPLY, ADD, DISPLACE = "multiply", "add", "displace"
MIXES = (MULTIPLY, ADD, DISPLACE)
"""It is lit by the spectrum; it is there beneath it; it bends it."""
