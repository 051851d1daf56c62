"""The tests' own profile decoder agrees with Debian's pprof, and refuses what is cut short."""

import re
import subprocess

import pprof_reader
import pytest
from conftest import program


@pytest.fixture
def profile_file(tmp_path):
    path = tmp_path / "known.pprof"
    subprocess.run([program("make_profile"), str(path)], check=True)
    return path


def test_values_and_names_are_those_of_pprof(profile_file, tmp_path, runner):
    raw = runner.run(["go", "tool", "pprof", "-raw", profile_file], HOME=tmp_path, PPROF_TMPDIR=tmp_path)
    assert raw.status == 0, raw.stderr
    samples = raw.stdout.split("Samples:")[1].split("Locations")[0]
    expected = [[int(number) for number in line.split(":")[0].split()]
                for line in samples.splitlines() if re.match(r"\s+\d+ +\d+: ", line)]
    profile = pprof_reader.read(profile_file)
    assert sorted(sample.values for sample in profile.samples) == sorted(expected)
    assert all(name in raw.stdout for name in profile.names())
    assert len(profile.names()) >= 4


def test_a_profile_cut_short_is_refused(profile_file):
    import gzip

    data = profile_file.read_bytes()
    raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    with pytest.raises((ValueError, IndexError, KeyError)):
        pprof_reader.decode(raw[:-3])
