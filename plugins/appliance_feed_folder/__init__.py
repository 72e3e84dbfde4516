"""Feed backend `folder`: brings what something else puts into a folder of the box."""

from collections.abc import Sequence

from attrs import frozen
from attrs.validators import ge

from appliance.plugin import AbsolutePath, BackendContext, FeedBackend, FeedBackendType, Seconds, hookimpl, option


@frozen
class FolderOptions:
    """A folder of this box, which something else fills: a share, rsync, a program that synchronises."""

    path: AbsolutePath = option(help="The folder, with all folders in it.", example="/srv/narration")
    settle: Seconds = option(
        Seconds(10), "Files younger than this are left for the next pull: they may still be copied.", check=ge(0)
    )


def _create(options: FolderOptions, context: BackendContext) -> FeedBackend:
    from appliance_feed_folder.backend import FolderFeed

    return FolderFeed(options.path, options.settle)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("folder", FolderOptions, _create, lambda _: None)]
