"""Tokens on diagrams: the pure room in which SpiffWorkflow lives.

`Definitions.read` reads a version; `process` takes the five steps; `state` dumps and loads.
"""

from engine.flow import process, state
from engine.flow.definitions import Definitions, UserTask
from engine.flow.instance import State
from engine.flow.model import (
    SEMANTICS,
    DefinitionsRefused,
    Finding,
    Json,
    Leg,
    Message,
    Milestone,
    OpenTask,
    Reading,
    Readings,
    Refused,
    Step,
    Timer,
    Walked,
)
from engine.flow.readings import NoReadings, RecordedReadings

__all__ = [
    "SEMANTICS",
    "Definitions",
    "DefinitionsRefused",
    "Finding",
    "Json",
    "Leg",
    "Message",
    "Milestone",
    "NoReadings",
    "OpenTask",
    "Reading",
    "Readings",
    "RecordedReadings",
    "Refused",
    "State",
    "Step",
    "Timer",
    "UserTask",
    "Walked",
    "process",
    "state",
]
