"""Entry types of ``federation``: importing them registers them."""

from federation.entries import agreement, claim, conflict, drill, mandate, node

__all__ = ["agreement", "claim", "conflict", "drill", "mandate", "node"]
