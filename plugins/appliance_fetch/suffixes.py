"""The extensions by which feeds know files as sound."""

SUFFIXES = frozenset(
    {".aac", ".aif", ".aiff", ".caf", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav"}
)
