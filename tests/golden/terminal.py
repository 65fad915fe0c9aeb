#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""terminal.py FAIRLEAD SOCKET KEYS: the console in a pseudo-terminal, typed at, and what a person has seen then.

KEYS is a file: its lines joined, with Python's escapes (\\r, \\x1b[D, \\t); a line that begins with "#" is a remark.
All is typed ahead, so that the result depends on no clock.  The screen is 80 by 24, with all that
scrolled off it above.  A control sequence that a VT100 may not know is an error.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

COLUMNS, ROWS, PATIENCE = 80, 24, 60


class Screen:
    """Rows of characters, a cursor, and nothing that the console does not use."""

    def __init__(self):
        self.rows, self.row, self.column, self.top = [[]], 0, 0, 0
        self.saved = (0, 0)
        self.questions = self.bells = 0

    def put(self, char):
        if self.column == COLUMNS:  # it wraps with the first character that does not fit
            self.column = 0
            self.new_row()
        row = self.rows[self.row]
        row.extend(" " * (self.column + 1 - len(row)))
        row[self.column] = char
        self.column += 1

    def new_row(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])
        self.top = max(self.top, self.row - ROWS + 1)

    def sequence(self, text):
        match = re.fullmatch(r"\x1b\[([?0-9;]*)([A-Za-z])", text)
        if not match:
            if text == "\x1b7":
                self.saved = (self.row, self.column)
            elif text == "\x1b8":
                self.row, self.column = self.saved
            else:
                raise ValueError(f"strange sequence {text!r}")
            return
        number, kind = match.groups()
        count = int(number or 1) if number.isdigit() or not number else None
        if kind == "K" and not number:
            del self.rows[self.row][self.column:]
        elif kind == "D" and count:
            self.column = max(self.column - count, 0)
        elif kind == "C" and count:
            self.column = min(self.column + count, COLUMNS - 1)
        elif kind == "H" and not number:
            self.row, self.column = self.top, 0
        elif kind == "J":
            del self.rows[self.row + 1:]
            del self.rows[self.row][self.column:]
            if number == "2":
                self.rows.append([])
                self.top = self.row = len(self.rows) - 1
                self.column = 0
        elif kind == "H" or (kind in "hl" and number == "?2004"):
            pass
        elif kind == "n" and number == "6":
            self.questions += 1
        else:
            raise ValueError(f"strange sequence {text!r}")

    def feed(self, text):
        """Returns what is left: the beginning of a sequence."""
        while text:
            char = text[0]
            if char == "\x1b":
                match = re.match(r"\x1b(\[[?0-9;]*[A-Za-z]|[78])", text)
                if not match:
                    return text
                self.sequence(match.group())
                text = text[match.end():]
                continue
            if char == "\n":
                self.new_row()
            elif char == "\r":
                self.column = 0
            elif char == "\b":
                self.column = max(self.column - 1, 0)
            elif char == "\a":
                self.bells += 1
            elif char >= " ":
                self.put(char)
            else:
                raise ValueError(f"strange control octet {char!r}")
            text = text[1:]
        return ""

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.rows).rstrip("\n") + "\n"


def keys_of(path):
    lines = [line.rstrip("\n") for line in open(path, encoding="utf-8") if not line.startswith("#")]
    return codecs.escape_decode("".join(lines).encode())[0]


def main():
    program, socket, path = sys.argv[1:]
    keys = keys_of(path)
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execv(program, [program, "--socket", socket])
    decoder, screen, left, status = codecs.getincrementaldecoder("utf-8")(), Screen(), "", None
    began = time.monotonic()
    sent = 0
    while time.monotonic() < began + PATIENCE:
        # The terminal is a raw one as soon as the console speaks.
        wanted = [master] if sent < len(keys) and (screen.rows[0] or left) else []
        readable, writable, _ = select.select([master], wanted, [], 1)
        if writable:
            sent += os.write(master, keys[sent:sent + 512])
        if not readable:
            continue
        try:
            octets = os.read(master, 65536)
        except OSError:
            octets = b""
        if not octets:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            break
        left = screen.feed(left + decoder.decode(octets))
    print(screen.text(), end="")
    if status is None:
        os.kill(pid, 9)
    print(f"[bells: {screen.bells}; exit status: {'none: it did not end' if status is None else status}]")


main()
