"""The public contract with plugins. A plugin imports this and `appliance.testing`, nothing else of the appliance.

A plugin is a module that some installed distribution names in the entry point group `appliance`, with hook
implementations marked by `hookimpl`. The hooks are in `appliance.plugin.hookspecs`.
"""

from appliance import events
from appliance.circumstances import field_texts
from appliance.config.options import AbsolutePath, ByteCount, Percent, Seconds, Secret, TimeOfDay, option
from appliance.config.web import check_headers, check_url, is_loopback
from appliance.durable import write_file
from appliance.errors import (
    ApplianceError,
    Cancelled,
    CannotVerify,
    CopyDiffers,
    CopyMissing,
    NotFound,
    Permanent,
    Refused,
    StorageError,
    TooLarge,
    Transient,
    UsageError,
    WrongKind,
)
from appliance.events import Command, Event
from appliance.hours import SPAN as HOURS
from appliance.hours import seconds_until_active
from appliance.limits import stand_back
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Fault, Receipt, Rendition, Track, Verdict
from appliance.mounts import MOUNTINFO, Mount, in_memory, mount_of
from appliance.mounts import parse as parse_mounts
from appliance.phrases import counted, duration
from appliance.plugin.feed import (
    FeedBackend,
    FeedBackendType,
    FeedJob,
    ListeningFeedJob,
    ProbedFeedBackend,
    Sink,
    SummedFile,
)
from appliance.plugin.hookspecs import hookimpl
from appliance.plugin.processor import Processor, ProcessorJob, ProcessorType
from appliance.plugin.service import FrameBlock, Happenings, House, Service, ServiceType
from appliance.plugin.upload import (
    BackendContext,
    LiveJob,
    LiveUploadBackend,
    UploadBackend,
    UploadBackendType,
    UploadJob,
    began,
    sidecars_of,
)
from appliance.quantities import Description, Kind, described
from appliance.recipes import ORIGINAL, Recipe
from appliance.redact import keep_secret, shown_url
from appliance.report import ContactReport, DestinationReport, FaultReport, FeedReport, Report, StorageReport
from appliance.retry import backoff
from appliance.verbs import VERBS, Verb

__all__ = [
    "HOURS",
    "MOUNTINFO",
    "ORIGINAL",
    "VERBS",
    "AbsolutePath",
    "ApplianceError",
    "AudioFormat",
    "BackendContext",
    "ByteCount",
    "Cancelled",
    "CannotVerify",
    "Clip",
    "ClockSource",
    "ClockStamp",
    "Command",
    "ContactReport",
    "CopyDiffers",
    "CopyMissing",
    "Description",
    "DestinationReport",
    "Event",
    "Fault",
    "FaultReport",
    "FeedBackend",
    "FeedBackendType",
    "FeedJob",
    "FeedReport",
    "FrameBlock",
    "Happenings",
    "House",
    "Kind",
    "ListeningFeedJob",
    "LiveJob",
    "LiveUploadBackend",
    "Mount",
    "NotFound",
    "Percent",
    "Permanent",
    "ProbedFeedBackend",
    "Processor",
    "ProcessorJob",
    "ProcessorType",
    "Receipt",
    "Recipe",
    "Refused",
    "Rendition",
    "Report",
    "Seconds",
    "Secret",
    "Service",
    "ServiceType",
    "Sink",
    "StorageError",
    "StorageReport",
    "SummedFile",
    "TimeOfDay",
    "TooLarge",
    "Track",
    "Transient",
    "UploadBackend",
    "UploadBackendType",
    "UploadJob",
    "UsageError",
    "Verb",
    "Verdict",
    "WrongKind",
    "backoff",
    "began",
    "check_headers",
    "check_url",
    "counted",
    "described",
    "duration",
    "events",
    "field_texts",
    "hookimpl",
    "in_memory",
    "is_loopback",
    "keep_secret",
    "mount_of",
    "option",
    "parse_mounts",
    "seconds_until_active",
    "shown_url",
    "sidecars_of",
    "stand_back",
    "write_file",
]
