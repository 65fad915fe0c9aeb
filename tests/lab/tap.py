# SPDX-License-Identifier: GPL-2.0-or-later
"""tap.py - one fact a line, as tests/run counts them."""
import sys


class Tap:
    def __init__(self):
        self.count, self.failed = 0, False

    def check(self, what, good, seen=""):
        """`seen` is shown when it is not as it should be."""
        self.count += 1
        self.failed |= not good
        print(("" if good else "not ") + f"ok {self.count} - {what}", flush=True)
        if not good:
            self.say(str(seen)[-3000:])

    def skip(self, what, why):
        self.count += 1
        print(f"ok {self.count} - {what} # SKIP {why}", flush=True)

    @staticmethod
    def say(text):
        for line in text.splitlines():
            print("#", line, flush=True)

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(self.failed)
