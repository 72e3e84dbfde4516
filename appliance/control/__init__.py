"""The control socket: JSON-RPC 2.0, one JSON object a line, on a Unix socket."""
