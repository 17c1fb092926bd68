"""Recipes compared: rendered, measured, plotted."""
