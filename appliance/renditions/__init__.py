"""The files that are made of clips to be sent."""
