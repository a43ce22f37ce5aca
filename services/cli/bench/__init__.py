"""Benchmarks: one file each, one form of report. A peer is measured in the same run; the figure is the ratio."""
