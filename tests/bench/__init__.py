"""Benchmarks: ratios measured in one run against a named baseline. Not tests; run by ``make bench``."""
