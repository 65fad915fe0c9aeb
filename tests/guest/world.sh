# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# world.sh - inside the guest: the guest is the router, with two ISPs (eth0, eth1), an internet and a LAN (lan0).
# Sourced by *.test that name it in guest_options.

internet() { ip netns exec internet "$@"; }
lan() { ip netns exec lan "$@"; }

world_plug() { # world_plug N: the cable to ISP N
	local prefix=203.0.113
	[ "$1" = 1 ] || prefix=198.51.100
	ip link add "eth$(($1 - 1))" type veth peer name "isp$1" netns internet
	ip -n internet address add $prefix.1/29 dev "isp$1"
	ip -n internet link set "isp$1" up
}
world_begin() {
	local a
	ip netns add internet
	ip netns add lan
	for a in 192.0.2.53 192.0.2.54 192.0.2.80; do
		ip -n internet address add $a/32 dev lo
	done
	ip -n internet link set lo up
	world_plug 1
	world_plug 2
	ip link add lan0 type veth peer name eth0 netns lan
	ip -n lan address add 192.168.1.50/24 dev eth0
	ip -n lan link set eth0 up
	ip -n lan link set lo up
	ip -n lan route add default via 192.168.1.1
	internet sysctl -qw net.ipv4.conf.all.rp_filter=0
}
cut_isp() { # it drops everything silently
	internet nft "add table inet cut$1; add chain inet cut$1 in { type filter hook prerouting priority -400; };
		add rule inet cut$1 in iifname isp$1 drop"
}
heal_isp() {
	internet nft delete table inet "cut$1"
}
# router_start [MORE-SETTINGS]: the daemon, on two links that are probed by ping.  LINK1, LINK2: more words of theirs.
router_start() {
	mkdir -p /tmp/state /tmp/lamps
	cat >/tmp/settings <<-END
		link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1, ${LINK1-}
		    monitor { target 192.0.2.53 ping, target 192.0.2.54 ping } }
		link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1, ${LINK2-}
		    monitor { target 192.0.2.53 ping, target 192.0.2.54 ping } }
		lan office { interface lan0, address 192.168.1.1/24 }
		policy spread { method round-robin, member wan1, member wan2 }
		rule 10 { policy spread }
		${1-}
	END
	fairleadd --settings /tmp/settings --state /tmp/state --socket /tmp/sock --lamps /tmp/lamps >/tmp/fairleadd.log 2>&1 &
	fairleadd=$! # for whoever wants to end it
	within 30 console show links || say "$(cat /tmp/fairleadd.log)"
}
console() { fairlead --socket /tmp/sock "$@"; }
link_is() { # link_is LINK STATE
	holds "$(console show links)" "^$1 +[^ ]+ +$2\\b"
}
