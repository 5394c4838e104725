"""Decisions of the federation without input or output."""
