"""Clips go out to destinations."""
