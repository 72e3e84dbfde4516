"""What all that speak with the Bot API of Telegram share. No plugin by itself."""
