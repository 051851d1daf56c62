"""Medians, quartiles and confidence intervals of paired measurements."""
import random
import statistics

RESAMPLES = 2000


def quartiles(values):
    """(first quartile, median, third quartile) of one value or more."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    first, middle, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, middle, third


def median_interval(groups):
    """(low, high) within which the median of all values lies by 95 %, by bootstrap: groups are drawn anew, and values
    within each. What one start of a server has in common for all its values must not count as many."""
    draw = random.Random(1)  # the same answer for the same values
    medians = []
    for _ in range(RESAMPLES):
        values = []
        for group in draw.choices(groups, k=len(groups)):
            values += draw.choices(group, k=len(group))
        medians.append(statistics.median(values))
    medians.sort()
    return medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975) - 1]


class Pairs:
    """Measurements of one column, each with the bare measurement made beside it; in groups that share a start."""

    def __init__(self):
        self.bare, self.with_tool, self.group_sizes = [], [], []

    def add(self, *pairs):
        """Pairs (bare, with the tool) of one start."""
        for bare, with_tool in pairs:
            self.bare.append(bare)
            self.with_tool.append(with_tool)
        self.group_sizes.append(len(pairs))

    def __len__(self):
        return len(self.bare)

    def every_ratio(self):
        return [tool / bare for bare, tool in zip(self.bare, self.with_tool)]

    def every_difference(self):
        return [tool - bare for bare, tool in zip(self.bare, self.with_tool)]

    def ratios(self):
        return quartiles(self.every_ratio())

    def differences(self):
        return quartiles(self.every_difference())

    def interval(self, values):
        """The interval of the median of `values`, one a pair."""
        left = iter(values)
        return median_interval([[next(left) for _ in range(size)] for size in self.group_sizes])
