#!/bin/sh
# Writes a file as the elements of a C array, so that it travels inside the program.
# usage: embed.sh INPUT OUTPUT
set -eu
od -An -v -tx1 "$1" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' > "$2"
test -s "$2"
