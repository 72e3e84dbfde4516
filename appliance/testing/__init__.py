"""Public helpers for tests of plugins."""
