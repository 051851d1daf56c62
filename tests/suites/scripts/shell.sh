# shellcheck shell=bash disable=SC1083,SC2012,SC2016,SC2030,SC2031,SC2034,SC2086,SC2093
# What bash does with processes, signals, pipes and time: one line a claim, "ok" or "not ok" before its name.
claim() {
    if "${@:2}"; then echo "ok $1"; else echo "not ok $1"; fi
}
same() { [ "$1" = "$2" ]; }

folder=$PWD
claim "a child has three descriptors and ls' own" same "$(ls /proc/self/fd | tr '\n' ' ')" "0 1 2 3 "

claim "a pipeline's output is that of its last command" same "$(echo abc | tr b x | rev)" cxa
false | true
claim "a pipeline's status is that of its last command" same "${PIPESTATUS[*]} $?" "1 0 0"
set -o pipefail; false | true; status=$?; set +o pipefail
claim "pipefail tells the failure inside" same "$status" 1
claim "a subshell's status is its exit's" same "$( (exit 7); echo $?)" 7
claim "a command that is missing is status 127" same "$(no-such-command 2>/dev/null; echo $?)" 127
claim "a file that may not run is status 126" same "$(touch "$folder/f"; "$folder/f" 2>/dev/null; echo $?)" 126

sleep 30 & pid=$!
kill -TERM $pid; wait $pid
claim "wait tells a child that SIGTERM ended" same $? 143
(exit 5) & wait $!
claim "wait tells a child's status" same $? 5
wait 1 2>/dev/null
claim "wait for a stranger is status 127" same $? 127
(sleep 0.2; exit 3) & (sleep 5) & other=$!
wait -n
claim "wait -n tells the first that ends" same $? 3
kill $other; wait $other 2>/dev/null
claim "no child is left over" same "$(jobs -p)" ""

got=''
trap 'got+=u' USR1
kill -USR1 $$; kill -USR1 $$
claim "a trap runs for each signal to itself" same "$got" uu
trap 'got+=c' CHLD
got=''; true & wait
claim "SIGCHLD's trap runs once a child" same "$got" c
trap - CHLD
(sleep 0.2; kill -USR1 $$) & sender=$!
got=''; wait $sender
claim "a trap ends a wait" [ "$got" = u ]
wait $sender
claim "SIGINT ends bash by that signal" same "$(bash -c 'kill -INT $$; sleep 5'; echo $?)" 130
claim "an exit trap runs at SIGTERM" same "$(bash -c 'trap "echo bye" EXIT; kill -TERM $$; sleep 1' 2>/dev/null)" bye
claim "an ignored signal stays ignored in children" \
    same "$(trap '' USR2; bash -c 'kill -USR2 $$; echo lives')" lives

claim "read -t ends when its time is over" bash -c 'read -t 0.2 x < <(sleep 2); [ $? -gt 128 ]'
claim "read -t gives what comes in time" same "$(bash -c 'read -t 5 x < <(sleep 0.1; echo in time); echo "$x"')" "in time"
TMOUT=1 bash -c 'read x < <(sleep 3)'
claim "TMOUT ends a read" [ $? -gt 128 ]
claim "a here document is read whole" same "$(wc -c <<<"$(printf '%070000d' 0)")" 70001
claim "process substitution reads both" same "$(cat <(echo a) <(echo b) | tr '\n' ' ')" "a b "
coproc cat
echo through >&"${COPROC[1]}"
read -r line <&"${COPROC[0]}"
claim "a coprocess answers" same "$line" through
exec {COPROC[1]}>&-; wait $COPROC_PID
claim "a coprocess ends with its input" same $? 0
exec 5>"$folder/five"; echo five >&5; exec 5>&-
claim "a descriptor of one's own is written and closed" same "$(cat "$folder/five"; echo x 2>/dev/null >&5 || echo closed)" $'five\nclosed'
for fd in 10 63 254; do eval "exec $fd>'$folder/$fd'; echo $fd >&$fd; exec $fd>&-"; done
claim "high descriptors too" same "$(cat "$folder"/{10,63,254} | tr '\n' ' ')" "10 63 254 "
claim "a fifo joins two processes" same "$(mkfifo "$folder/p"; echo fifo >"$folder/p" & cat "$folder/p")" fifo

i=0; while [ $i -lt 30 ]; do (exit $((i % 256))) || [ $? = $((i % 256)) ] || break; i=$((i + 1)); done
claim "30 subshells have 30 statuses" same $i 30
i=0; while [ $i -lt 15 ]; do [ "$(/bin/echo $i)" = $i ] || break; i=$((i + 1)); done
claim "15 programs say what they were told" same $i 15
for i in {1..10}; do sleep 0.0$((i % 10)) & done; wait
claim "10 children at once are waited for" same "$(jobs -r | wc -l)" 0
exec_chain() { bash -c 'n=$1; [ $n = 0 ] && echo end || exec bash -c "$0" "$0" $((n - 1))' "$1" "$2"; }
claim "exec after exec" same "$(exec_chain 'n=$1; [ $n = 0 ] && echo end || exec bash -c "$0" "$0" $((n - 1))' 5)" end
claim "stdout and stderr of a child are what it writes" same "$(bash -c 'echo out; echo err >&2' 2>&1)" $'out\nerr'
claim "nothing else stands on stderr" same "$(bash -c : 2>&1; (:) 2>&1; /bin/true 2>&1)" ""
claim "the environment of a child is the one given" same "$(env -i A=1 B=2 env | sort | tr '\n' ' ')" "A=1 B=2 "
ulimit -n 64
claim "64 descriptors are enough" same "$(echo low | cat)" low
claim "timeout ends a command" same "$(timeout 0.2 sleep 5; echo $?)" 124
claim "a pipe whose reader left ends the writer" same "$(bash -c 'yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}')" 141
claim "times tells two lines" same "$(times | wc -l)" 2
