"""Reproduces the method on the pocket models: every stage as the command that a person would type, and a page of results."""
