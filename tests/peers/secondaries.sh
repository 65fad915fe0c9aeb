# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# secondaries.sh - NSD, Knot and BIND on the lab's internet as secondaries of the router, for example.com and a reverse zone.
. "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
needs nsd nsd-checkzone knotd named named-checkzone kdig drill

ns1=203.0.113.2 ns2=198.51.100.2
reverse=0/29.113.0.203.in-addr.arpa # by RFC 2317
secret=$(head -c 32 /dev/urandom | base64 -w 0)
# name, address and port of each
secondaries=("nsd 192.0.2.54 5301" "knot 192.0.2.53 5302" "bind 192.0.2.80 5303")

# What the router's settings need for them.
secondaries_settings() {
	cat <<-END
		tsig-key xfr.example { algorithm hmac-sha256, secret "$secret" }
		domain example.com transfer {
		    tsig-key xfr.example
		    allow 10.255.0.0/16
		    notify 192.0.2.54 port 5301
		    notify 192.0.2.53 port 5302
		    notify 192.0.2.80 port 5303
		}
		reverse 203.0.113.0/29 transfer {
		    tsig-key xfr.example
		    notify 192.0.2.54 port 5301
		    notify 192.0.2.53 port 5302
		    notify 192.0.2.80 port 5303
		}
	END
}
# Each gives the zones to whoever asks, so that what they have can be compared.
start_nsd() {
	mkdir -p "$LAB/nsd"
	cat >"$LAB/nsd.conf" <<-END
		server:
		    ip-address: 192.0.2.54@5301
		    username: ""
		    chroot: ""
		    do-ip6: no
		    server-count: 1
		    zonesdir: "$LAB/nsd"
		    xfrdfile: "$LAB/nsd/xfrd.state"
		    xfrdir: "$LAB/nsd"
		    zonelistfile: "$LAB/nsd/zone.list"
		    pidfile: "$LAB/nsd/pid"
		    database: ""
		    verbosity: 2
		remote-control:
		    control-enable: no
		key:
		    name: xfr.example
		    algorithm: hmac-sha256
		    secret: "$secret"
		zone:
		    name: example.com
		    zonefile: example.com.zone
		    provide-xfr: 0.0.0.0/0 NOKEY
		    request-xfr: $ns1 xfr.example
		    request-xfr: $ns2 xfr.example
		    allow-notify: $ns1 xfr.example
		    allow-notify: $ns2 xfr.example
		zone:
		    name: $reverse
		    zonefile: reverse.zone
		    provide-xfr: 0.0.0.0/0 NOKEY
		    request-xfr: $ns1 xfr.example
		    request-xfr: $ns2 xfr.example
		    allow-notify: $ns1 xfr.example
		    allow-notify: $ns2 xfr.example
	END
	on internet nsd -d -c "$LAB/nsd.conf" >"$LAB/nsd.log" 2>&1 </dev/null &
}
start_knot() {
	mkdir -p "$LAB/knot"
	cat >"$LAB/knot.conf" <<-END
		server:
		    rundir: "$LAB/knot"
		    listen: 192.0.2.53@5302
		log:
		  - target: stderr
		    any: info
		database:
		    storage: "$LAB/knot"
		key:
		  - id: xfr.example
		    algorithm: hmac-sha256
		    secret: "$secret"
		remote:
		  - id: ns1
		    address: $ns1
		    key: xfr.example
		  - id: ns2
		    address: $ns2
		    key: xfr.example
		acl:
		  - id: notify
		    address: [$ns1, $ns2]
		    key: xfr.example
		    action: notify
		  - id: transfer
		    action: transfer
		zone:
		  - domain: example.com
		    storage: "$LAB/knot"
		    master: [ns1, ns2]
		    acl: [notify, transfer]
		  - domain: $reverse
		    storage: "$LAB/knot"
		    file: reverse.zone
		    master: [ns1, ns2]
		    acl: [notify, transfer]
	END
	on internet knotd -c "$LAB/knot.conf" >"$LAB/knot.log" 2>&1 </dev/null &
}
start_bind() {
	mkdir -p "$LAB/bind"
	cat >"$LAB/bind.conf" <<-END
		options {
		    directory "$LAB/bind";
		    pid-file "$LAB/bind/pid";
		    session-keyfile none;
		    listen-on port 5303 { 192.0.2.80; };
		    listen-on-v6 { none; };
		    recursion no;
		    dnssec-validation no;
		    notify no;
		};
		controls { };
		key xfr.example { algorithm hmac-sha256; secret "$secret"; };
		# BIND asks its primaries in this order, and waits for a dead one before it asks the next.
		primaries router { $ns2 key xfr.example; $ns1 key xfr.example; };
		zone example.com { type secondary; file "example.com"; primaries { router; }; masterfile-format text; };
		zone "$reverse" { type secondary; file "reverse"; primaries { router; }; masterfile-format text; };
	END
	on internet named -g -c "$LAB/bind.conf" >"$LAB/bind.log" 2>&1 </dev/null &
}
