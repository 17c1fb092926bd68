"""What is heard: samples, curves, tempo, beats."""
