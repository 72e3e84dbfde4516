"""Examines everything that a box needs, and says of each thing whether it works and what to do where it does not.

Every check is a generator over the box that tells what it finds as it finds it; see `examination` for their list.
"""

from appliance.doctor.box import Box, System
from appliance.doctor.examination import examine
from appliance.doctor.finding import Finding, Prompt, Result, Step, plain

__all__ = ["Box", "Finding", "Prompt", "Result", "Step", "System", "examine", "plain"]
