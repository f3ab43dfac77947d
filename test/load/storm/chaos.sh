#!/usr/bin/env bash
# Runs `loadgen chaos` with one seed after the other, and prints what each said
# at its end. Fails if any run does.
#
#   BINARY=bin/loadgen SEEDS="777 1 2 3" DURATION=70s REAL=1 test/load/storm/chaos.sh
#
# What a failed run printed stays in a folder that is named at the end.
set -uo pipefail

binary=${BINARY:-bin/loadgen} duration=${DURATION:-70s}
seeds=${SEEDS:-777 $(seq -s ' ' 1 20)}
flags=()
[ -z "${REAL:-}" ] || flags+=(--real)
out=$(mktemp -d "${TMPDIR:-/tmp}/sluice-seeds.XXXXXX")

failed=0 runs=0
for seed in $seeds; do
	log="$out/seed-$seed" began=$SECONDS
	runs=$((runs + 1))
	"$binary" chaos --seed "$seed" --duration "$duration" "${flags[@]}" >"$log" 2>&1
	code=$?
	printf 'seed %5d: %4d s, ' "$seed" $((SECONDS - began))
	if ((code == 0)); then
		echo "ok, $(tail -n 1 "$log")"
		rm "$log"
	else
		echo "FAILED with exit code $code"
		tail -n 25 "$log" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done

echo
echo "$((runs - failed)) of $runs runs of $duration are green"
if ((failed > 0)); then
	echo "what failed runs printed: $out"
	exit 1
fi
rmdir "$out"
