"""The checks themselves: a bad arrow, a stray export and an overlong function must be found."""
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import check_layers  # noqa: E402
import check_symbols  # noqa: E402
import events_doc  # noqa: E402


def put(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def layers(root):
    result = subprocess.run([HERE / "check_layers.py", root], capture_output=True, text=True)
    return result.returncode, result.stdout


@pytest.fixture
def tree(tmp_path):
    put(tmp_path, "runtime/base/bytes.h", "")
    put(tmp_path, "runtime/hooks/call.h", "")
    put(tmp_path, "runtime/boot/boot.h", "")
    put(tmp_path, "viewer/model/tree.h", "")
    put(tmp_path, "viewer/formats/svg.c", '#include "base/bytes.h"\n#include "viewer/model/tree.h"\n')
    return tmp_path


def test_allowed_arrows_pass(tree):
    put(tree, "runtime/boot/main.c", '#include "boot.h"\n#include "hooks/call.h"\n#include "viewer/model/tree.h"\n')
    assert layers(tree)[0] == 0


@pytest.mark.parametrize("path, include", [
    ("runtime/base/bytes.c", "hooks/call.h"),
    ("runtime/capture/ring.c", "runtime/hooks/call.h"),
    ("runtime/pipeline/drain.c", "../boot/boot.h"),
    ("viewer/model/tree.c", "viewer/formats/svg.c"),
    ("viewer/cli/main.c", "runtime/boot/boot.h"),
    ("tests/demo_server/main.c", "viewer/model/tree.h"),
    ("tracepoints/sink.c", "exporters/profile/generated.pb-c.h"),
])
def test_bad_arrow_is_named_with_file_and_line(tree, path, include):
    put(tree, path, f'/* Bad. */\n#include "{include}"\n')
    status, text = layers(tree)
    assert status == 1
    assert f"{path}:2: " in text


def test_forbidden_system_header_is_named(tree):
    put(tree, "exporters/profile/profile.c", "#include <string.h>\n#include <time.h>\n")
    status, text = layers(tree)
    assert status == 1 and "exporters/profile/profile.c:2: " in text


def test_long_function_and_long_file_are_warned_of_but_pass(tree):
    put(tree, "runtime/base/long.c", "int grow(void)\n{\n" + "    work();\n" * 401 + "}\n")
    status, text = layers(tree)
    assert status == 0
    assert "long.c:2: warning: grow has 401 lines" in text and "long.c: warning: 404 lines" in text


def test_lock_without_a_rank_is_named(tree):
    put(tree, "runtime/base/lock_rank.h", "/* 1 known_lock */\n")
    put(tree, "runtime/boot/locks.c", "static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;\n"
                                      "static atomic_flag other_lock = ATOMIC_FLAG_INIT;\n"
                                      "struct lock third_lock = LOCK_INITIALIZER(THIRD);\n")
    put(tree, "viewer/cli/main.c", "static pthread_mutex_t outside_lock = PTHREAD_MUTEX_INITIALIZER;\n")
    status, text = layers(tree)
    assert status == 1
    assert "runtime/boot/locks.c:2: other_lock has no rank" in text
    assert "runtime/boot/locks.c:3: third_lock has no rank" in text
    assert "known_lock has" not in text and "outside_lock" not in text


def test_version_script_names_are_read_across_nodes_and_comments():
    text = "/* a; */ V1 { global: read; write; # no: never\n pre_*; local: *; }; GLIBC_2.3.2 { pthread_cond_wait; } V1;"
    assert check_symbols.map_globals(text) == ["read", "write", "pre_*", "pthread_cond_wait"]


def test_exports_are_compared_both_ways():
    found = list(check_symbols.compare_exports({"read", "leak", "pre_a"}, ["read", "write", "pre_*"]))
    assert len(found) == 2
    assert "exports leak" in found[0] and "does not export write" in found[1]


def test_every_room_of_the_table_is_reachable_by_its_own_name():
    for room in check_layers.ROOMS:
        assert check_layers.room_of(room + "/x.c") == room


def test_the_catalogue_of_events_is_that_of_the_provider():
    root = HERE.parent
    assert (root / "docs/events.md").read_text() == events_doc.document(root), \
        "run scripts/events_doc.py > docs/events.md"
    fields = (root / "tracepoints/provider.h").read_text().count("        lttng_ust_field_")
    seen = len(re.findall(r'^      "\w+ \w+;"', (root / "viewer/session/sched_stream.h").read_text(), re.M))
    assert events_doc.document(root).count("\n| `") == fields + seen > 40


def test_an_event_or_a_field_without_words_is_named(tmp_path):
    put(tmp_path, "runtime/base/wait.h", "")
    put(tmp_path, "viewer/session/sched_stream.h", "")
    field = "        lttng_ust_field_integer(int32_t, pid, pid)\n"
    event = "LTTNG_UST_TRACEPOINT_EVENT(preflame, x,\n    LTTNG_UST_TP_FIELDS(\n" + field + "    ))\n"
    put(tmp_path, "tracepoints/provider.h", event)
    with pytest.raises(ValueError, match="event x"):
        events_doc.document(tmp_path)
    put(tmp_path, "tracepoints/provider.h", "/* Words. */\n" + event)
    with pytest.raises(ValueError, match="x.pid"):
        events_doc.document(tmp_path)


def test_every_test_that_the_table_of_harms_names_exists():
    root = HERE.parent
    rows = [line for line in (root / "docs" / "harmless.md").read_text().splitlines() if line.startswith("| ")]
    named = [re.findall(r"`(test_\w+\.py)::(test_\w+)`", line) for line in rows]
    named = [pair for pairs in named for pair in pairs]
    assert len(named) > 25
    missing = [pair for pair in named if f"\ndef {pair[1]}(" not in (root / "tests/integration" / pair[0]).read_text()]
    assert missing == []
