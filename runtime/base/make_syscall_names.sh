#!/bin/sh
# Writes one designated initializer for each system call that <sys/syscall.h> of this compiler knows.
# usage: make_syscall_names.sh COMPILER OUTPUT
set -eu
echo '#include <sys/syscall.h>' | "$1" -E -dM - |
    sed -n 's/^#define SYS_\([a-z0-9_]*\) .*/[SYS_\1] = "\1",/p' | LC_ALL=C sort > "$2"
test -s "$2"
