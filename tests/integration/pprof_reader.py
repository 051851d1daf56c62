"""A small decoder of pprof profiles by field numbers, independent of all code that wrote them."""

import gzip
from dataclasses import dataclass, field


def varint(data, at):
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return result, at


def signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def fields(data, has_fixed=False):
    """Yields (number, value): an int for varints, bytes for everything with a length. Profiles have no fixed numbers."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1 and has_fixed:
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        elif kind == 2:
            size, at = varint(data, at)
            value = data[at:at + size]
            if len(value) != size:
                raise ValueError("a field is cut short")
            at += size
        else:
            raise ValueError(f"wire type {kind} has no place in a profile")
        yield key >> 3, value


def numbers(value):
    """A repeated number: packed or single."""
    if isinstance(value, int):
        return [value]
    result, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        result.append(number)
    return result


def message(data, has_fixed=False):
    """All fields of a message as number -> list of values."""
    result = {}
    for number, value in fields(data, has_fixed):
        result.setdefault(number, []).append(value)
    return result


def one(values, number, default=0):
    return values.get(number, [default])[-1]


@dataclass
class Sample:
    stack: list      # function names, leaf first, inlined frames included
    addresses: list  # one per location, leaf first
    values: list
    labels: dict


@dataclass
class Profile:
    sample_types: list = field(default_factory=list)  # (type, unit)
    samples: list = field(default_factory=list)
    mappings: list = field(default_factory=list)      # file names, in order
    comments: list = field(default_factory=list)
    period: int = 0
    period_type: tuple = ("", "")
    duration_ns: int = 0
    time_ns: int = 0

    def index(self, kind):
        return [name for name, _ in self.sample_types].index(kind)

    def total(self, kind):
        at = self.index(kind)
        return sum(sample.values[at] for sample in self.samples)

    def cumulative(self, name, kind):
        """The value of all samples with the function anywhere on their stack."""
        at = self.index(kind)
        return sum(sample.values[at] for sample in self.samples if name in sample.stack)

    def flat(self, kind):
        """name of the leaf function -> value, largest first."""
        at, result = self.index(kind), {}
        for sample in self.samples:
            leaf = sample.stack[0] if sample.stack else ""
            result[leaf] = result.get(leaf, 0) + sample.values[at]
        return dict(sorted(result.items(), key=lambda item: -item[1]))

    def names(self):
        return {name for sample in self.samples for name in sample.stack}


def decode(data):
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    top = message(data)
    strings = [text.decode("utf-8") for text in top.get(6, [])]
    if not strings or strings[0] != "":
        raise ValueError("the string table does not begin with the empty string")

    def value_type(raw):
        values = message(raw)
        return strings[one(values, 1)], strings[one(values, 2)]

    functions = {}
    for raw in top.get(5, []):
        values = message(raw)
        functions[one(values, 1)] = strings[one(values, 2)]
    locations = {}
    for raw in top.get(4, []):
        values = message(raw)
        lines = [functions[one(message(line), 1)] for line in values.get(4, [])]
        locations[one(values, 1)] = (lines, one(values, 3))
    profile = Profile(
        sample_types=[value_type(raw) for raw in top.get(1, [])],
        mappings=[strings[one(message(raw), 5)] for raw in top.get(3, [])],
        comments=[strings[number] for value in top.get(13, []) for number in numbers(value)],
        period=signed(one(top, 12)), duration_ns=signed(one(top, 10)), time_ns=signed(one(top, 9)))
    if 11 in top:
        profile.period_type = value_type(one(top, 11))
    for raw in top.get(2, []):
        values = message(raw)
        ids = [number for value in values.get(1, []) for number in numbers(value)]
        labels = {}
        for label in values.get(3, []):
            entry = message(label)
            labels[strings[one(entry, 1)]] = strings[one(entry, 2)] if 2 in entry else signed(one(entry, 3))
        profile.samples.append(Sample(
            stack=[name for number in ids for name in (locations[number][0] or [""])],
            addresses=[locations[number][1] for number in ids],
            values=[signed(number) for value in values.get(2, []) for number in numbers(value)],
            labels=labels))
    return profile


def read(path):
    with open(path, "rb") as file:
        return decode(file.read())
