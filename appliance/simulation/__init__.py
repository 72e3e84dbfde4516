"""Hardware made of nothing: keys for buttons, synthesised speech for a voice. `appliance run --simulate` runs on it."""
