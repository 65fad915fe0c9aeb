# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# guest.sh - makes a *.test run inside the guest (see run): sourced first, with options for run in guest_options.
# Outside the guest it runs the same file there and ends with its status; inside, the lab's library for tests follows.
if [ ! -d /fairlead/tests/guest ]; then
	why=$(mktemp)
	trap 'rm -f "$why"' EXIT
	"$(dirname "$0")/run" "${guest_options[@]}" "$0" 2>"$why"
	status=$?
	[ $status -eq 77 ] && echo "ok 1 - all of it # SKIP $(tail -n 1 "$why")" && exit 0
	sed 's/^/# /' "$why"
	exit $status
fi
# shellcheck source=tests/lab/lib.sh
. /fairlead/tests/lab/lib.sh
