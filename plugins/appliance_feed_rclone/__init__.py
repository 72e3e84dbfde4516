"""Feed backend `rclone`: brings the sound files of a cloud drive, through an installed rclone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_feed_rclone.options import RcloneFeedOptions


def _options() -> type:
    from appliance_feed_rclone.options import RcloneFeedOptions

    return RcloneFeedOptions


def _create(options: "RcloneFeedOptions", context: BackendContext) -> FeedBackend:
    from appliance_feed_rclone.backend import RcloneFeed

    return RcloneFeed(options, context)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("rclone", _options, _create, lambda _: None)]
