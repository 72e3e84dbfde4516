"""The kinds of thing that plugins bring, in one table: configuration, documents, checks and host derive from it."""

from collections.abc import Callable
from typing import Any

import attrs

from appliance.config.feeds import FeedSettings
from appliance.config.settings import DestinationSettings, ProcessorSettings, ServiceSettings
from appliance.plugin import hookspecs
from appliance.plugin.feed import FeedBackend, FeedBackendType
from appliance.plugin.processor import Processor, ProcessorType
from appliance.plugin.service import Service, ServiceType
from appliance.plugin.upload import UploadBackend, UploadBackendType
from appliance.values import frozen


@frozen
class Kind:
    """One kind: the hook that names what a plugin brings, and the class of that.

    What is configured of it stands in the section `section` by name. Each entry has the options of the class `common`,
    the first of which chooses, and next to them those of what is chosen. `one` is what people call an entry,
    `contract` the protocol of what is built for it.
    """

    hook: Callable[..., Any]
    brings: type[Any]
    section: str
    common: type
    one: str
    contract: type

    @property
    def chooser(self) -> str:
        """The option that chooses the type, and what people call what it chooses."""
        return str(attrs.fields(self.common)[0].name)


DESTINATION = Kind(
    hookspecs.appliance_upload_backends,
    UploadBackendType,
    "destinations",
    DestinationSettings,
    "destination",
    UploadBackend,
)
FEED = Kind(hookspecs.appliance_feed_backends, FeedBackendType, "feeds", FeedSettings, "feed", FeedBackend)
SERVICE = Kind(hookspecs.appliance_services, ServiceType, "services", ServiceSettings, "service", Service)

PROCESSOR = Kind(hookspecs.appliance_processors, ProcessorType, "processors", ProcessorSettings, "processor", Processor)

KINDS = (DESTINATION, FEED, SERVICE, PROCESSOR)
