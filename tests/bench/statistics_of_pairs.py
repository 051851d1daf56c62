"""Medians and quartiles of paired measurements."""
import statistics


def quartiles(values):
    """(first quartile, median, third quartile) of one value or more."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    first, middle, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, middle, third


class Pairs:
    """Measurements of one column, each with the bare measurement made beside it."""

    def __init__(self):
        self.bare, self.with_tool = [], []

    def add(self, bare, with_tool):
        self.bare.append(bare)
        self.with_tool.append(with_tool)

    def __len__(self):
        return len(self.bare)

    def ratios(self):
        return quartiles([tool / bare for bare, tool in zip(self.bare, self.with_tool)])

    def differences(self):
        return quartiles([tool - bare for bare, tool in zip(self.bare, self.with_tool)])
