#!/bin/sh
# Runs every fuzz target of the module and reports how often each was executed.
#
#   sh fuzz/run.sh TIME [JOBS [WORKERS]]
#
# TIME is per target, as go test -fuzztime has it: 10m. JOBS targets run at a time
# (1), each with WORKERS processes (all cores). A target that fails makes the script
# fail; go test has then written the input below testdata/fuzz of its package.
set -eu
cd "$(dirname "$0")/.."
time=$1 jobs=${2:-1}
workers=${3:+-parallel=$3}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

for pkg in $(go list ./...); do
	go test -list '^Fuzz' "$pkg" | grep '^Fuzz' | sed "s|^|$pkg |" || true
done > "$logs/targets"
[ -s "$logs/targets" ] || { echo 'no fuzz targets'; exit 1; }

# A target by itself: its log is what go test prints.
cat > "$logs/one" <<ONE
go test -run '^\$' -fuzz "^\$2\\\$" -fuzztime $time -fuzzminimizetime 10x $workers "\$1" > "$logs/\$2.\$(basename "\$1").log" 2>&1 || echo "\$1 \$2" >> "$logs/failed"
ONE
xargs -n 2 -P "$jobs" sh "$logs/one" < "$logs/targets"

printf '%-34s %-22s %12s %10s %12s\n' package target executions per\ second interesting
while read -r pkg target; do
	log="$logs/$target.$(basename "$pkg").log"
	awk -v pkg="${pkg#github.com/tresorhq/}" -v target="$target" '
		/^fuzz: elapsed/ { for (i = 1; i < NF; i++) { if ($i == "elapsed:") t = $(i+1); if ($i == "execs:") n = $(i+1); if ($i == "(total:") k = $(i+1) + 0 } }
		END {
			if (match(t, /[0-9]+h/)) s += 3600 * substr(t, RSTART, RLENGTH - 1)
			if (match(t, /[0-9]+m/)) s += 60 * substr(t, RSTART, RLENGTH - 1)
			if (match(t, /[0-9]+s/)) s += substr(t, RSTART, RLENGTH - 1)
			printf "%-34s %-22s %12d %10.0f %12d\n", pkg, target, n, s ? n / s : 0, k
		}' "$log"
done < "$logs/targets"
if [ -e "$logs/failed" ]; then
	while read -r pkg target; do
		echo "FAILED: $pkg $target"
		tail -n 30 "$logs/$target.$(basename "$pkg").log"
	done < "$logs/failed"
	exit 1
fi
