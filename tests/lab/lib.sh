# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# lib.sh - for the lab's tests: TAP, waiting with a limit, a lab of one's own and a router in it.
# Sourced by *.test, which run in the root of the tree.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
B=${B:-build}
lab=tests/lab/lab
tap_count=0 tap_failed=0
LAB=

# ---- TAP -----------------------------------------------------------------------------------------

say() { # a TAP comment; all lines of it
	local line
	while IFS= read -r line; do
		echo "# $line"
	done <<<"$*"
}
# check WHAT COMMAND...: one fact.  The command's output is shown when it fails.
check() {
	local what=$1 output
	shift
	tap_count=$((tap_count + 1))
	if output=$("$@" 2>&1); then
		echo "ok $tap_count - $what"
	else
		tap_failed=1
		echo "not ok $tap_count - $what"
		say "failed: $*"
		say "$output"
	fi
}
skip_all() {
	echo "ok 1 - all of it # SKIP $*"
	exit 0
}
finish() {
	echo "1..$tap_count"
	exit $tap_failed
}

# For check: what a text holds.  They show the text when it is not as expected.
holds() { # holds TEXT PATTERN...: every extended regular expression matches some line
	local text=$1 pattern
	for pattern in "${@:2}"; do
		grep -qE -- "$pattern" <<<"$text" || {
			echo "no line matches: $pattern"
			echo "$text"
			return 1
		}
	done
}
shows() { # shows COMMAND... -- PATTERN...: what it prints now holds; for within, which runs it anew each time
	local command=()
	while [ "$1" != -- ]; do
		command+=("$1")
		shift
	done
	shift
	holds "$("${command[@]}")" "$@"
}
lacks() { # lacks TEXT PATTERN...: none matches
	local text=$1 pattern
	for pattern in "${@:2}"; do
		! grep -E -- "$pattern" <<<"$text" || {
			echo "should not match: $pattern"
			echo "$text"
			return 1
		}
	done
}
same() { # same A B
	[ "$1" = "$2" ] || diff <(echo "$1") <(echo "$2")
}

# ---- time ----------------------------------------------------------------------------------------

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}
# within SECONDS COMMAND...: try until it succeeds, every 20 ms; shows its last output when it never does.
within() {
	local end=$(($(now_ms) + $1 * 1000)) output
	shift
	until output=$("$@" 2>&1); do
		if [ "$(now_ms)" -ge $end ]; then
			echo "not within the time; last:"
			echo "$output"
			return 1
		fi
		sleep 0.02
	done
}

# ---- a lab of one's own --------------------------------------------------------------------------

# Bring one up in a new folder that goes away with the test, or skip the whole test.
lab_begin() {
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/fairlead-lab.XXXXXX")
	export LAB
	trap lab_end EXIT
	trap 'exit 1' INT TERM HUP
	local why
	why=$($lab up 2>&1) || {
		[[ $why = *"needs network namespaces"* ]] && skip_all "${why#lab: }"
		say "$why"
		exit 1
	}
}
lab_end() {
	local status=$?
	$lab down
	[ $status -eq 0 ] || [ ! -e "$LAB/fairleadd.log" ] || say "$(tail -n 40 "$LAB/fairleadd.log")"
	rm -rf "$LAB"
}
on() { # on HOST COMMAND...
	$lab exec "$@"
}
# What the internet is told, as "NAME TTL TYPE DATA" lines of a section: answers SERVER NAME TYPE [SECTION]
answers() {
	on internet dig "@$1" "$2" "$3" +noall "+${4:-answer}" +time=1 +tries=3
}

# ---- the router ----------------------------------------------------------------------------------

# router_start SETTINGS [OPTION...]: start the daemon and wait until its console answers.
# The first process in the lab knows it by the number in $LAB/pid.
router_start() {
	mkdir -p "$LAB"/{state,lamps}
	rm -f "$LAB/pid"
	# shellcheck disable=SC2016
	on router sh -c 'echo $$ >"$1/pid" && shift && exec "$@"' start "$LAB" "${FAIRLEADD:-$B/fairleadd}" \
		--settings "$1" --state "$LAB/state" --socket "$LAB/sock" --lamps "$LAB/lamps" "${@:2}" \
		>>"$LAB/fairleadd.log" 2>&1 </dev/null &
	router=$!
	within 20 console show links || {
		say "the router does not start: $(cat "$LAB/fairleadd.log")"
		exit 1
	}
}
router_signal() { # router_signal SIGNAL, and wait until it has ended
	on router kill -s "$1" "$(cat "$LAB/pid")"
	wait "$router"
}
console() { # console COMMAND...: one command
	"$B/fairlead" --socket "$LAB/sock" "$@"
}
link_is() { # link_is LINK STATE
	holds "$(console show links)" "^$1 +[^ ]+ +$2\\b"
}
