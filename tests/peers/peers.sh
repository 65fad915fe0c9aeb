# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# peers.sh - what several tests of this folder set up on the lab's internet.
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

needs() { # needs PROGRAM...
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "$program is not installed (make deps-peers)"
	done
}

# A caching resolver of its own at 192.0.2.26, which every program on the internet uses from then on.  It is as
# strict as resolvers get: letters of random case in questions (RFC draft "0x20"), no more of a name than a server must
# know (RFC 9156), and nothing below a name that does not exist (RFC 8020).
resolver=192.0.2.26
start_unbound() {
	on internet ip address add $resolver/32 dev lo
	cat >"$LAB/unbound.conf" <<-END
		server:
		    directory: "$LAB"
		    chroot: ""
		    username: ""
		    pidfile: "$LAB/unbound.pid"
		    use-syslog: no
		    do-daemonize: no
		    num-threads: 1
		    interface: $resolver
		    outgoing-interface: $resolver
		    access-control: 0.0.0.0/0 allow
		    do-ip6: no
		    module-config: "iterator"
		    use-caps-for-id: yes
		    qname-minimisation: yes
		    qname-minimisation-strict: yes
		    harden-below-nxdomain: yes
		    local-zone: "113.0.203.in-addr.arpa." nodefault
		remote-control:
		    control-enable: no
		stub-zone:
		    name: "example.com"
		    stub-addr: 203.0.113.2
		    stub-addr: 198.51.100.2
		stub-zone:
		    name: "113.0.203.in-addr.arpa"
		    stub-addr: 203.0.113.2
		    stub-addr: 198.51.100.2
	END
	on internet unbound -c "$LAB/unbound.conf" >"$LAB/unbound.log" 2>&1 </dev/null &
	echo "nameserver $resolver" >"$LAB/resolv.conf"
	on internet mount --bind "$LAB/resolv.conf" /etc/resolv.conf # of the lab alone
	within 10 resolves example.com SOA >/dev/null || {
		say "unbound does not resolve: $(cat "$LAB/unbound.log")"
		exit 1
	}
}
# What the resolver says, sorted and without TTL: "10 mail1.example.com. 20 mail2.example.com."
resolves() { # resolves NAME TYPE: fails without an answer
	local said
	said=$(on internet dig "@$resolver" "$1" "$2" +short +time=2 +tries=1 | sort | tr '\n' ' ')
	echo "${said% }"
	[ -n "$said" ] && [ "${said#;}" = "$said" ]
}
resolves_to() { # resolves_to NAME TYPE EXPECTED
	same "$(resolves "$1" "$2")" "$3"
}
# The code of the resolver's answer.
resolver_says() { # resolver_says NAME TYPE PATTERN
	holds "$(on internet dig "@$resolver" "$1" "$2" +time=2 +tries=1)" "$3"
}
