"""The configuration: its classes, and the loader that turns one YAML file into them."""
