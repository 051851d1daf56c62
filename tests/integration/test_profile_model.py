"""What the profile model writes, as the real `go tool pprof` reads it."""

import gzip
import os
import pathlib
import re
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PREFLAME_BUILD", REPOSITORY / "build" / "release"))
MAKE_PROFILE = BUILD / "bin" / "make_profile"
TIMEOUT_S = 60


@pytest.fixture(scope="module", name="profile")
def fixture_profile(tmp_path_factory):
    """The path of the known profile that tests/programs/make_profile.c writes."""
    path = tmp_path_factory.mktemp("profile") / "known.pprof"
    subprocess.run([MAKE_PROFILE, path], check=True, timeout=TIMEOUT_S)
    return path


def pprof(profile, *options):
    """Runs pprof as a user without any configuration would; returns its standard output."""
    home = profile.parent
    environment = {**os.environ, "HOME": str(home), "PPROF_TMPDIR": str(home), "TZ": "UTC"}
    done = subprocess.run(
        ["go", "tool", "pprof", *options, str(profile)],
        env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(text):
    """The table of -top: function name -> (flat, cum)."""
    line = re.compile(r"^\s*(\S+)\s+[\d.]+%\s+[\d.]+%\s+(\S+)\s+[\d.]+%\s+(.+)$", re.MULTILINE)
    return {name: (flat, cum) for flat, cum, name in line.findall(text)}


def test_top_shows_the_known_times_and_inlined_frames(profile):
    assert rows(pprof(profile, "-top")) == {
        "compress": ("500ms", "500ms"),
        "http::skip_space (inline)": ("300ms", "300ms"),
        "http::serve": ("150ms", "950ms"),
        "main": ("50ms", "1000ms"),
        "http::parse": ("0", "300ms"),
    }


def test_the_header_names_executable_time_and_comments(profile):
    text = pprof(profile, "-top")
    assert "File: server\n" in text
    assert "Build ID: 0123456789abcdef\n" in text
    assert "a comment\nanother comment\n" in text
    assert "Type: cpu\n" in text, "the last sample type is the one shown"
    assert "Duration: 2s, Total samples = 1000ms" in text


def test_the_other_sample_type_counts_samples(profile):
    assert rows(pprof(profile, "-top", "-sample_index=samples"))["compress"] == ("50", "50")


def test_raw_shows_every_field(profile):
    text = pprof(profile, "-raw")
    assert "PeriodType: cpu nanoseconds\nPeriod: 10000000\n" in text
    assert "Time: 2023-11-14 22:13:20" in text
    assert "samples/count cpu/nanoseconds\n" in text
    assert "http::skip_space /src/parse.cc:5 s=3(_ZN4http10skip_spaceEv)" in text
    assert re.search(r"1: 0x555500000000/0x555500010000/0x0 /opt/example/server 0123456789abcdef "
                     r"\[FN\]\[FL\]\[LN\]\[IN\]", text)
    assert re.search(r"2: 0x7fff00000000/.* /opt/example/libcompress\.so\.1 fedcba9876543210", text)


def test_raw_has_no_sample_that_measured_nothing(profile):
    samples = re.findall(r"^\s+(\d+)\s+(\d+): ", pprof(profile, "-raw"), re.MULTILINE)
    assert sorted(samples) == sorted(
        [("30", "300000000"), ("50", "500000000"), ("15", "150000000"), ("5", "50000000")])


def test_traces_are_leaf_first_with_inlined_frames_innermost(profile):
    text = pprof(profile, "-traces")
    block = next(part for part in text.split("-----------+") if "skip_space" in part)
    words = ["thread:  worker", "tid:  42", "300ms", "http::skip_space (inline)", "http::parse",
             "http::serve", "main"]
    places = [block.find(word) for word in words]
    assert -1 not in places
    assert places == sorted(places)


def test_tags_show_text_and_numbers(profile):
    text = pprof(profile, "-tags")
    assert re.search(r"thread: Total 800\.0ms\n\s+800\.0ms \(\s*100%\): worker", text)
    assert re.search(r"tid: Total 800\.0ms\n\s+800\.0ms \(\s*100%\): 42", text)


def test_a_tag_selects_its_samples(profile):
    assert "main" in rows(pprof(profile, "-top", "-tagfocus=thread=worker"))
    assert rows(pprof(profile, "-top", "-tagfocus=thread=worker"))["main"] == ("0", "800ms")


def test_the_difference_to_itself_is_nothing(profile):
    text = pprof(profile, "-top", f"-diff_base={profile}")
    assert "Showing nodes accounting for 0, 0% of 1s total" in text
    assert rows(text) == {}


def test_a_failed_write_says_so_and_leaves_nothing(tmp_path):
    path = tmp_path / "missing" / "known.pprof"
    done = subprocess.run([MAKE_PROFILE, path], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and str(path) in done.stderr
    assert not path.exists()


def test_the_file_is_the_same_each_time(profile, tmp_path):
    again = tmp_path / "again.pprof"
    subprocess.run([MAKE_PROFILE, again], check=True, timeout=TIMEOUT_S)
    assert again.read_bytes() == profile.read_bytes()
    assert gzip.decompress(again.read_bytes())
