#!/usr/bin/env bash
# Runs `sluice demo` again and again beside a program that uses one core, and
# prints each run's time. Fails if any run does.
#
#   BINARY=bin/sluice RUNS=20 EVENTS=20000 SEED=1 test/load/storm/demo.sh
#
# Seeds count up from SEED. What a failed run printed stays in a folder that is
# named at the end.
set -uo pipefail

binary=${BINARY:-bin/sluice} runs=${RUNS:-20} events=${EVENTS:-20000} seed=${SEED:-1}
out=$(mktemp -d "${TMPDIR:-/tmp}/sluice-storm.XXXXXX")

# It stops by itself, should this script be killed: a run takes seconds, and
# five minutes at most.
timeout $((runs * 300)) bash -c 'while :; do :; done' &
spinner=$!
trap 'kill "$spinner" 2>/dev/null' EXIT

failed=0 times=()
for ((i = 1; i <= runs; i++)); do
	s=$((seed + i - 1)) log="$out/seed-$((seed + i - 1))"
	began=$(date +%s%N)
	timeout 300 "$binary" demo --events "$events" --seed "$s" >"$log" 2>&1
	code=$?
	took=$((($(date +%s%N) - began) / 1000000))
	times+=("$took")
	load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo '?')
	printf 'run %2d of %d, seed %d: %6d.%03d s, load %s, ' "$i" "$runs" "$s" $((took / 1000)) $((took % 1000)) "$load"
	if ((code == 0)); then
		echo ok
		rm "$log"
	else
		echo "FAILED with exit code $code"
		tail -n 15 "$log" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done

mapfile -t sorted < <(printf '%s\n' "${times[@]}" | sort -n)
seconds() { printf '%d.%03d s' $(($1 / 1000)) $(($1 % 1000)); }
echo
echo "$((runs - failed)) of $runs runs of $events events are green; fastest $(seconds "${sorted[0]}"), median $(seconds "${sorted[$((runs / 2))]}"), slowest $(seconds "${sorted[-1]}")"
if ((failed > 0)); then
	echo "what failed runs printed: $out"
	exit 1
fi
rmdir "$out"
