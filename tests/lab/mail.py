#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mail.py - both ends of a mail delivery.

mail.py serve ADDRESS         a mail server that takes every mail and says so on standard output
mail.py send [-r RESOLVER] [-t SECONDS] DOMAIN
                              deliver one mail to postmaster@DOMAIN as RFC 5321 5.1 says: ask for the MX, try the
                              lowest preference first, equal ones in random order, each with a time limit
Status of send: 0 delivered, 75 nobody could be reached (a mail server queues it and tries again),
69 the answers say that there is nobody to deliver to (a mail server returns it to its sender at once).
"""
import argparse
import random
import socket
import subprocess
import sys
import threading
import time

SENDER = "192.0.2.25"
QUEUED, BOUNCED = 75, 69


# ---- the receiving end ----


def listener(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(50)
    return s


def converse(connection, client):
    """RFC 5321 4.1, as far as a polite client needs it."""
    replies = {b"MAIL": b"250 go on", b"RCPT": b"250 go on", b"DATA": b"354 end with a dot", b"RSET": b"250 go on"}
    with connection, connection.makefile("rwb") as f:
        f.write(b"220 mail ESMTP, you are %s\r\n" % client.encode())
        f.flush()
        in_data = False
        for line in f:
            verb = line[:4].upper().strip()
            if in_data:
                if line.rstrip(b"\r\n") != b".":
                    continue
                in_data, reply = False, b"250 taken"
                print("mail from", client, flush=True)
            elif verb == b"QUIT":
                f.write(b"221 bye\r\n")
                return
            elif verb in (b"EHLO", b"HELO"):
                reply = b"250 mail"
            else:
                reply, in_data = replies.get(verb, b"500 what?"), verb == b"DATA"
            f.write(reply + b"\r\n")
            f.flush()


def on_connection(server):
    connection, client = server.accept()
    connection.settimeout(30)

    def run():
        try:
            converse(connection, client[0])
        except OSError:
            pass  # the peer went away, as peers do

    threading.Thread(target=run, daemon=True).start()


def serve(args):
    server = listener(args.address, 25)
    while True:
        on_connection(server)


# ---- the sending end ----


class Unanswered(Exception):
    """No name server answered."""


def lookup(resolver, name, rrtype):
    """The data of the records, as words."""
    command = ["dig", "+noall", "+answer", "+comments", "+time=2", "+tries=2", "@" + resolver, name, rrtype]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0 or "status: SERVFAIL" in run.stdout:
        raise Unanswered(f"{resolver} does not answer {name} {rrtype}")
    lines = (line.split() for line in run.stdout.splitlines() if line and line[0] != ";")
    return [words[4:] for words in lines if words[3] == rrtype]


def exchangers(resolver, domain):
    """(preference, host), best first; equal ones shuffled.  Without MX the domain itself is meant."""
    found = [(int(preference), host) for preference, host in lookup(resolver, domain, "MX")]
    random.shuffle(found)
    return sorted(found, key=lambda mx: mx[0]) or [(0, domain)]


def talk(address, domain, timeout):
    with socket.create_connection((address, 25), timeout, (SENDER, 0)) as s, s.makefile("rwb") as f:
        for command in ("", "EHLO sender.example.org", "MAIL FROM:<someone@example.org>", f"RCPT TO:<postmaster@{domain}>",
                        "DATA", "Subject: a mail\r\n\r\nIt came through.\r\n.", "QUIT"):
            if command:
                f.write(command.encode() + b"\r\n")
                f.flush()
            reply = f.readline()
            if reply[:1] not in (b"2", b"3"):
                raise OSError(f"said {reply!r}")


def attempt(host, preference, address, domain, timeout):
    """Whether the mail was delivered there; says how it went."""
    start = time.monotonic()
    try:
        talk(address, domain, timeout)
        result = "delivered"
    except OSError as e:
        result = str(e)
    where = f"{address} ({host.rstrip('.')}, preference {preference})"
    print(f"{where}: {result} after {time.monotonic() - start:.2f} s", flush=True)
    return result == "delivered"


def send(args):
    try:
        reachable = False
        for preference, host in exchangers(args.resolver, args.domain):
            for (address,) in lookup(args.resolver, host, "A"):
                reachable = True
                if attempt(host, preference, address, args.domain, args.timeout):
                    return 0
    except Unanswered as e:
        print(e)
        reachable = True
    print("nobody could be reached: queued" if reachable else "there is nobody to deliver to: returned to its sender")
    return QUEUED if reachable else BOUNCED


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    serving = verbs.add_parser("serve")
    serving.add_argument("address")
    serving.set_defaults(run=serve)
    sending = verbs.add_parser("send")
    sending.add_argument("-r", dest="resolver", default="192.0.2.53")
    sending.add_argument("-t", dest="timeout", type=float, default=5)
    sending.add_argument("domain")
    sending.set_defaults(run=send)
    args = parser.parse_args()
    sys.exit(args.run(args))


if __name__ == "__main__":
    main()
