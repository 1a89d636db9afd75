"""From a wish to operations: one function for each kind of wish."""

from typing import assert_never

from generation.refining.granting import (
    adding,
    deciding,
    looping,
    ordering,
    removing,
    replacing,
    settings,
)
from generation.refining.granting.ground import Granted, Ground
from generation.refining.instructions import wishes
from generation.refining.instructions.wishes import Wish


def grant(wish: Wish, ground: Ground) -> Granted:  # noqa: C901 - a case per wish
    """The operations for `wish`; raises `NotUnderstood`, `StepNotFound`, `NotInsertable` and `OperationsRefused`."""
    match wish:
        case wishes.Add():
            return adding.added(wish, ground)
        case wishes.Order():
            return adding.ordered(wish, ground)
        case wishes.Approve():
            return adding.approved(wish, ground)
        case wishes.Duplicate():
            return adding.duplicated(wish, ground)
        case wishes.Remove():
            return removing.removed(wish, ground)
        case wishes.Replace():
            return replacing.replaced(wish, ground)
        case wishes.Move():
            return ordering.moved(wish, ground)
        case wishes.Swap():
            return ordering.swapped(wish, ground)
        case wishes.AtOnce():
            return ordering.at_once(wish, ground)
        case wishes.Again():
            return ordering.again(wish, ground)
        case wishes.Until():
            return looping.repeated_until(wish, ground)
        case wishes.Judged():
            return looping.judged(wish, ground)
        case wishes.ForEach():
            return looping.for_each(wish, ground)
        case wishes.Rounds():
            return looping.rounds(wish, ground)
        case wishes.Decide():
            return deciding.decided(wish, ground)
        case wishes.Failing():
            return deciding.failing(wish, ground)
        case wishes.Rename():
            return settings.named(wish, ground)
        case wishes.Describe():
            return settings.described(wish, ground)
        case wishes.Setting():
            return settings.settled(wish, ground)
        case wishes.Send():
            return settings.sent(wish, ground)
        case wishes.Tell():
            return settings.told(wish, ground)
        case _ as unreachable:
            assert_never(unreachable)
