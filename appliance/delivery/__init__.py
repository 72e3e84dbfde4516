"""Clips go out to destinations, and tracks come in from feeds."""
