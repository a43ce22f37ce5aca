"""A set of whole numbers as a flat, sorted list of half-open intervals: ``[0, 3, 7, 8]`` is {0, 1, 2, 7}.

Frame numbers come almost always in order, so a set of thousands of them is two numbers long.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right


def contains(intervals: list[int], number: int) -> bool:
    """Tell whether ``number`` is in the set."""
    return bisect_right(intervals, number) % 2 == 1


def add(intervals: list[int], number: int) -> None:
    """Put ``number`` into the set, in place."""
    at = bisect_right(intervals, number)
    if at % 2 == 1:
        return
    touches_left = at > 0 and intervals[at - 1] == number
    touches_right = at < len(intervals) and intervals[at] == number + 1
    if touches_left and touches_right:
        del intervals[at - 1 : at + 1]
    elif touches_left:
        intervals[at - 1] = number + 1
    elif touches_right:
        intervals[at] = number
    else:
        intervals[at:at] = [number, number + 1]


def remove(intervals: list[int], number: int) -> None:
    """Take ``number`` out of the set, in place."""
    at = bisect_right(intervals, number)
    if at % 2 == 0:
        return
    start, end = intervals[at - 1], intervals[at]
    left = [] if start == number else [start, number]
    right = [] if end == number + 1 else [number + 1, end]
    intervals[at - 1 : at + 1] = left + right


def drop_below(intervals: list[int], floor: int) -> None:
    """Take all numbers below ``floor`` out of the set, in place."""
    at = bisect_left(intervals, floor + 1)
    intervals[:at] = [floor] if at % 2 == 1 else []
