"""What looks at finished clips, and tells what it found."""

from appliance.processors.worker import Processors

__all__ = ["Processors"]
