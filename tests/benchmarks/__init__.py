"""Measurements, run by hand: ``python -m tests.benchmarks.NAME`` in the repository's folder.

Each prints a table. Timings are meant as ratios within one run, since machines differ.
"""
