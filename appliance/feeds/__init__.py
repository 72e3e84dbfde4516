"""Remote audio on its way into the inbox."""
