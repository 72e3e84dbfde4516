"""Sound: cards, files, taking and playing."""
