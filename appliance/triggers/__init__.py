"""Recording by itself when something is heard."""
