"""Where a file goes below the remote. Pure."""

from string import Formatter

from appliance.plugin import BackendContext, Clip, Rendition, began

WORDS = ("device", "kind", "destination", "year", "month", "day")


def check_folder(template: str) -> None:
    """Raise ValueError where `template` has words other than WORDS, or leaves the remote."""
    try:
        fields = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"folder {template!r}: {error}") from None
    for _, word, spec, conversion in fields:
        if word is not None and (word not in WORDS or spec or conversion):
            raise ValueError(f"folder {template!r}: {{{word}}} is not one of {', '.join(WORDS)}")
    if template.startswith("/") or ".." in template.split("/"):
        raise ValueError(f"folder {template!r} leaves the remote: write it without a leading '/' and without '..'")


def path_of(template: str, rendition: Rendition, clip: Clip | None, place: BackendContext) -> str:
    """The path of `rendition` below the remote, the same at every attempt. Dates are local time of the recording."""
    started = began(rendition, clip)
    folder = template.format(
        device=clip.device if clip else place.device,
        kind=rendition.recipe.name,
        destination=place.name,
        year=f"{started:%Y}",
        month=f"{started:%m}",
        day=f"{started:%d}",
    )
    return "/".join(part for part in (folder.strip("/"), rendition.file_name) if part)


def below(remote: str, path: str) -> str:
    """A path below a remote, as rclone writes it."""
    return remote + path if remote.endswith((":", "/")) else f"{remote}/{path}"
