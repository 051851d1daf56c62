#!/bin/sh
# Writes files, one behind the other, as the elements of a C array, so that they travel inside the program.
# usage: embed.sh OUTPUT INPUT...
set -eu
output=$1
shift
cat "$@" | od -An -v -tx1 | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' > "$output"
test -s "$output"
