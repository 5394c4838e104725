"""Entry types of ``federation``: importing them registers them."""

from federation.entries import node

__all__ = ["node"]
