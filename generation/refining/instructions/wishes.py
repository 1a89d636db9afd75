"""What somebody may want of a workflow; which steps their words mean is looked up later."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Add:
    """New steps for `what`, beside the step that `anchor` means, or at the 'start' or 'end'.

    `is_guess`: nobody said where. `is_told`: it is told as an act, without 'add', so it may mean a step that exists.
    """

    what: str
    side: Literal["before", "after", "start", "end", "with"]
    anchor: str = ""
    is_guess: bool = False
    is_told: bool = False


@dataclass(frozen=True)
class Order:
    """`first`, and only then `then`: whatever of the two is no step yet comes in, else the first goes before the other."""

    first: str
    then: str


@dataclass(frozen=True)
class Remove:
    """The steps that `what` means go."""

    what: str


@dataclass(frozen=True)
class Duplicate:
    """A copy of a step, behind it."""

    what: str


@dataclass(frozen=True)
class Replace:
    """What is used as `old` is to be `new`: an agent, a tool, or a step's work in other words."""

    old: str
    new: str


@dataclass(frozen=True)
class Rename:
    """Another name for a step, or for the workflow (`what` is '')."""

    what: str
    name: str


@dataclass(frozen=True)
class Describe:
    """Another description of the workflow."""

    text: str


@dataclass(frozen=True)
class Move:
    """A step goes before or after another, or to the 'start' or 'end'."""

    what: str
    side: Literal["before", "after", "start", "end"]
    anchor: str = ""


@dataclass(frozen=True)
class Swap:
    """Two steps change places."""

    first: str
    second: str


@dataclass(frozen=True)
class AtOnce:
    """Steps run at the same time."""

    what: tuple[str, ...]


@dataclass(frozen=True)
class Again:
    """Steps repeat so many times."""

    what: tuple[str, ...]
    times: int


@dataclass(frozen=True)
class Until:
    """A step repeats until `phrase` holds (`is_negated`: as long as it does), at most `times` times (0: not said)."""

    what: str
    phrase: str
    times: int = 0
    is_negated: bool = False


@dataclass(frozen=True)
class Judged:
    """A new step for `what` behind the step `after`, and both again until `phrase` holds."""

    what: str
    after: str
    phrase: str


@dataclass(frozen=True)
class ForEach:
    """The whole workflow runs for each of what `phrase` names."""

    phrase: str


@dataclass(frozen=True)
class Rounds:
    """How many rounds a loop over a list makes at most, or (`at_once`) at the same time."""

    number: int
    at_once: bool


@dataclass(frozen=True)
class Decide:
    """Where `condition` holds, `then` is done, else `otherwise`; '' is nothing. Either may be a step or new.

    `is_limit`: it is said of what is done anyway ('only …', 'do not … if'), so nothing new comes in.
    """

    condition: str
    then: str
    otherwise: str = ""
    is_limit: bool = False


@dataclass(frozen=True)
class Failing:
    """What is done where the step `what` fails."""

    what: str
    act: str


@dataclass(frozen=True)
class Approve:
    """A person looks at `what` before the step `before` ('': as soon as it is there)."""

    what: str
    before: str = ""


@dataclass(frozen=True)
class Setting:
    """A field of a step: 'timeout' (seconds), 'retries', or an argument of its tool; without `what` of the only one that has it."""

    what: str
    name: str
    value: str


@dataclass(frozen=True)
class Send:
    """A step that exists, and the certain values that its words hold: an address, a channel."""

    text: str


@dataclass(frozen=True)
class Tell:
    """More for an agent to heed."""

    what: str
    text: str


Wish = (
    Add
    | Order
    | Remove
    | Duplicate
    | Replace
    | Rename
    | Describe
    | Move
    | Swap
    | AtOnce
    | Again
    | Until
    | Judged
    | ForEach
    | Rounds
    | Decide
    | Failing
    | Approve
    | Setting
    | Send
    | Tell
)
