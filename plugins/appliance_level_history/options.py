"""What the history of levels holds."""

from attrs import frozen
from attrs.validators import and_, ge, le

from appliance.plugin import Seconds, option


@frozen
class LevelHistoryOptions:
    """How loud it was, minute by minute, as CSV in the state directory: `services/NAME/levels-YYYY-MM-DD.csv`."""

    every: Seconds = option(Seconds(60), "How much sound one line tells of.", check=and_(ge(1), le(3600)))
    keep: Seconds = option(Seconds(60 * 86_400), "How many days with sound are kept, a file each.", check=ge(86_400))
    always: bool = option(
        True, "Listen always: the microphone is open then, as everybody is shown. Else while something is recorded."
    )
