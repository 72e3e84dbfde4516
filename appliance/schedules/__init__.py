"""Recording by the clock and by the sun."""
