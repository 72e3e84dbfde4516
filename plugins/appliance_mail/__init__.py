"""What all that speak with mail servers share. No plugin by itself."""
