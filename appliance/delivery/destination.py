"""Where clips go."""

from attrs import frozen

from appliance.config.settings import DestinationSettings
from appliance.plugin.upload import UploadBackend


@frozen
class Destination:
    """A configured destination and the backend that delivers to it."""

    name: str
    settings: DestinationSettings
    backend: UploadBackend
