"""What feeds share that fetch their items over HTTP. No plugin by itself."""
