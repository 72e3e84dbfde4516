"""The options for guests who record on their own phones."""

from attrs.validators import and_, ge, le

from appliance.config.options import Seconds, option
from appliance.values import frozen


@frozen
class GuestSettings:
    allowed: bool = option(
        False,
        "Whether guests may leave recordings from their own phones. The host lets them in on the page, under *Guests*.",
        shorthand=True,
    )
    longest: Seconds = option(Seconds(300), "How long one of them may be.", check=and_(ge(5), le(3600)))
    most: int = option(
        300, "How many may come within 24 hours, from all guests together.", check=and_(ge(1), le(10_000))
    )
