"""Stacks that are hard to walk: the program lives, and every sample is a true stack or ends with a marker."""

import json

import pprof_reader
import pytest
from conftest import Runner, program

FAILED = "[unwind_failed]"
OUTERMOST = {"_start", "__clone3", "__start_context"}
# Case -> functions that stand next to each other on its stacks, leaf first.
COMPLETE = {
    "frames_without_tables": ["spin_with_frame", "below_frames_without_tables", "spin_with_frame",
                              "case_frames_without_tables", "main"],
    "coroutine": ["spin", *["on_coroutine"] * 21, "coroutine_start"],
    "switching": ["switch_back", "__start_context"],
    "alternate_stack": ["raise", "case_alternate_stack", "main"],
    "small_thread": ["spin", *["on_small_stack"] * 10],
    "vdso": ["case_vdso", "main"],
}
CUT = ["spin_with_rbp", "spin_bare", "spin_on_stack", "spin_near_cfa", "spin_expression"]
GONE = ["unmapped_tables.so", "cut_tables.so", "replaced_code.so"]
MODES = ["thread", "coroutine"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The program bare and sampled as often as the kernel can: outcomes and profile."""
    runner = Runner(tmp_path_factory.mktemp("stacks"))
    bare = runner.run([program("hard_stacks")])
    sampled = runner.preloaded([program("hard_stacks")], PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=4000,
                               PREFLAME_OUT=runner.folder / "out")
    runner.clean()
    return bare, sampled, pprof_reader.read(runner.folder / "out" / "cpu.pprof")


def holds(stack, part):
    return any(stack[at:at + len(part)] == part for at in range(len(stack)))


def test_the_program_lives_and_says_the_same(ran):
    bare, sampled, _ = ran
    assert bare.status == 0, bare.stderr
    assert (sampled.status, sampled.stdout) == (0, bare.stdout)


@pytest.mark.parametrize("case", COMPLETE)
def test_what_can_be_walked_is_walked_to_its_start(ran, case):
    stacks = [sample.stack for sample in ran[2].samples if holds(sample.stack, COMPLETE[case])]
    assert stacks
    assert [stack for stack in stacks if stack[-1] not in OUTERMOST] == []


def test_what_is_loaded_where_other_code_lay_is_that_from_its_first_sample_on(ran):
    """The plugin that lay there a moment before has names, its copy, whose file is gone, has none."""
    called = {sample.stack[0] for sample in ran[2].samples if sample.stack[1:3] == ["case_replaced_code", "main"]}
    assert any(name.startswith("replaced_code.so+") for name in called)
    assert "plugin_spin" not in called


@pytest.mark.parametrize("leaf", CUT)
def test_what_cannot_is_cut_with_a_marker(ran, leaf):
    stacks = [sample.stack for sample in ran[2].samples if sample.stack[0] == leaf]
    assert stacks
    assert [stack for stack in stacks if stack[-1] != FAILED] == []


@pytest.mark.parametrize("name", GONE)
def test_code_whose_object_was_damaged_is_sampled(ran, name):
    assert any(sample.stack[0].startswith(f"{name}+") for sample in ran[2].samples)


def test_failed_walks_are_counted(ran):
    counted = [comment for comment in ran[2].comments if comment.startswith("preflame: unwind_failed: ")]
    assert len(counted) == 1
    assert int(counted[0].rsplit(" ", 1)[1]) > 20


def stack_use(outcome):
    assert outcome.status == 0, outcome.stderr
    return json.loads(outcome.stdout)["used_bytes"]


@pytest.mark.parametrize("mode", MODES)
def test_a_sample_takes_under_a_kilobyte_of_the_interrupted_stack(runner, mode):
    argv = [program("stack_use"), mode]
    assert stack_use(runner.run(argv)) == 0
    assert 0 < stack_use(runner.preloaded(argv, PREFLAME_PROFILE="cpu", PREFLAME_CPU_HZ=4000)) < 1024


def test_a_traced_sample_takes_no_more(runner):
    outcome, _ = runner.record([program("stack_use"), "thread"])
    assert 0 < stack_use(outcome) < 1024
