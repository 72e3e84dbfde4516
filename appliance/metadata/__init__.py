"""What is known of a clip, inside the files that are made of it: in the words of WAV, FLAC, Opus and MP3."""
