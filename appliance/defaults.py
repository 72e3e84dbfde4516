"""Where things are on a box whose packages and units nobody has changed."""

DEFAULT_CONFIG = "/etc/appliance/config.yaml"
DEFAULT_SOCKET = "/run/appliance/control.sock"
DEFAULT_KEYS = "/var/lib/appliance-web/keys.json"
DEFAULT_HELPER = "/run/appliance-settings.sock"
