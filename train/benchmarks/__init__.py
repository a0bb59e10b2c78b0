"""Benchmarks: fixed requests, told by the studio's own loop and measured. One runner, and a module for each benchmark."""
