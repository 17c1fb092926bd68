"""How the weights in `musvid/weights` are made; nothing at run time imports this."""
