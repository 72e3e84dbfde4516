"""Feed backend `folder`: brings what something else puts into a folder of the box."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_feed_folder.options import FolderOptions


def _options() -> type:
    from appliance_feed_folder.options import FolderOptions

    return FolderOptions


def _create(options: "FolderOptions", context: BackendContext) -> FeedBackend:
    from appliance_feed_folder.backend import FolderFeed

    return FolderFeed(options.path, options.settle)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("folder", _options, _create, lambda _: None)]
