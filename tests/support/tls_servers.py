#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tls_servers FOLDER - web servers with good and bad TLS on 127.0.0.1, for tests/unit/tls_calls_test.c.

Makes an authority and certificates in FOLDER, listens on ports 4431 and up, then writes "ready"."""
import os
import socket
import ssl
import subprocess
import sys
import threading

PAGE = b"HTTP/1.0 200 OK\r\n\r\nsound as a bell\n"
PORTAL = b"HTTP/1.0 302 Found\r\nLocation: http://portal.example/\r\n\r\n"
folder = sys.argv[1]


def openssl(*args):
    subprocess.run(("openssl",) + args, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", name + ".key", "-out", name + ".pem", "-subj", "/CN=" + name)


def certificate(name, ca, hosts, days):
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
    with open(f"{folder}/{name}.ext", "w", encoding="ascii") as ext:
        ext.write("subjectAltName=" + hosts)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial",
            "-days", str(days), "-extfile", name + ".ext", "-out", name + ".pem")


def context(name, minimum=ssl.TLSVersion.TLSv1_2, maximum=ssl.TLSVersion.TLSv1_3):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
    c.minimum_version, c.maximum_version = minimum, maximum
    return c


def refuse_without_name(sock, name, _):
    sock.named = name
    return None if name == "www.example.org" else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


def serve(port, tls, said):
    listener = socket.create_server(("127.0.0.1", port))

    def loop():
        while True:
            conn, _ = listener.accept()
            try:
                conn = tls.wrap_socket(conn, server_side=True) if tls else conn
                conn.recv(2048)
                if said is None:
                    silent.append(conn)
                    continue
                conn.sendall(said)
                if tls:
                    conn.unwrap()
            except OSError:
                pass
            conn.close()

    threading.Thread(target=loop, daemon=True).start()


silent = []  # kept open, never answered
authority("known")
authority("stranger")
certificate("good", "known", "DNS:www.example.org,IP:127.0.0.1", 30)
certificate("expired", "known", "DNS:www.example.org", -1)
certificate("other", "known", "DNS:www.example.net", 30)
certificate("unknown", "stranger", "DNS:www.example.org", 30)
picky = context("good")
picky.sni_callback = refuse_without_name
serve(4431, context("good"), PAGE)
serve(4432, context("expired"), PAGE)
serve(4433, context("other"), PAGE)
serve(4434, context("unknown"), PAGE)
serve(4435, context("good"), PORTAL)
serve(4436, None, PAGE)
serve(4437, context("good"), None)
serve(4438, picky, PAGE)
serve(4439, context("good", maximum=ssl.TLSVersion.TLSv1_2), PAGE)
serve(4440, context("good", minimum=ssl.TLSVersion.TLSv1_3), PAGE)
serve(4441, context("good"), PAGE + b"x" * 100000)
print("ready", flush=True)
os.read(0, 1)  # until whoever started it is gone
