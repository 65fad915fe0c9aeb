# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# golden.sh - for the golden tests: what a program says now against what is kept beside its input.
# With GOLDEN_UPDATE set, what is kept is rewritten; the review reads the difference.
# Sourced by *.test; leaves them in tests/golden.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
B=$(realpath "${B:-build}")
cd tests/golden || exit 2
golden_count=0 golden_failed=0

# golden WHAT FILE: standard input is what is said now.
golden() {
	local now
	now=$(cat)
	golden_count=$((golden_count + 1))
	[ -z "${GOLDEN_UPDATE-}" ] || echo "$now" >"$2"
	if diff -u "$2" - <<<"$now" >"$B/golden.diff" 2>&1; then
		echo "ok $golden_count - $1"
	else
		golden_failed=1
		echo "not ok $golden_count - $1"
		sed 's/^/# /' "$B/golden.diff"
	fi
}
golden_finish() {
	echo "1..$golden_count"
	exit $golden_failed
}
