"""What feeds share, above all those that fetch their items over HTTP. No plugin by itself."""
