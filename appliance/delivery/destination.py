"""Where clips go."""

from appliance.config.settings import DestinationSettings
from appliance.plugin.upload import UploadBackend
from appliance.values import frozen


@frozen
class Destination:
    """A configured destination and the backend that delivers to it."""

    name: str
    settings: DestinationSettings
    backend: UploadBackend
