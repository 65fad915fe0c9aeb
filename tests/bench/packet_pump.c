/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet_pump listen ADDRESS           answer "hello" there, for ever
 * packet_pump ADDRESS same|new COUNT   send COUNT packets over one connection, or each over a new
 * one
 *
 * Prints the nanoseconds a packet took, everything on its way included: a veth pair hands packets
 * over in the sender's own time.  Under QEMU's -icount a nanosecond is an instruction. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { FIRST_PORT = 2000, ECHO_PORT = 1999, WARM_UP = 300, PAYLOAD = 64 };

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int to_address(const char *text, uint16_t port, struct sockaddr_in6 *to, socklen_t *size)
{
	struct sockaddr_in *v4 = (void *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*size = sizeof(*v4);
		return AF_INET;
	}
	to->sin6_family = AF_INET6;
	to->sin6_port = htons(port);
	*size = sizeof(*to);
	return inet_pton(AF_INET6, text, &to->sin6_addr) == 1 ? AF_INET6 : -1;
}

static int answer_at(const char *address)
{
	struct sockaddr_in6 at;
	socklen_t size;
	int family = to_address(address, ECHO_PORT, &at, &size);
	int s = family < 0 ? -1 : socket(family, SOCK_DGRAM, 0);
	char packet[PAYLOAD];

	if (s < 0 || bind(s, (void *)&at, size) < 0) {
		perror("listen");
		return 1;
	}
	for (;;) {
		struct sockaddr_in6 from;
		socklen_t n = sizeof(from);
		ssize_t got = recvfrom(s, packet, sizeof(packet), 0, (void *)&from, &n);

		if (got > 0)
			sendto(s, packet, (size_t)got, 0, (void *)&from, n);
	}
}

/* A connection that was answered: only then it is established. */
static int shake_hands(int s, struct sockaddr_in6 *to, socklen_t size)
{
	struct timeval patience = {.tv_sec = 2};
	char answer[8];

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	to->sin6_port = htons(ECHO_PORT);
	for (int i = 0; i < 5; i++) {
		sendto(s, "hello", 5, 0, (void *)to, size);
		if (recv(s, answer, sizeof(answer), 0) == 5)
			return 0;
	}
	fprintf(stderr, "nobody answers\n");
	return -1;
}

static const char payload[PAYLOAD] = "x";

/* The port lies at the same place in both kinds of address. */
static void send_elsewhere(int s, struct sockaddr_in6 *to, socklen_t size, uint16_t port)
{
	to->sin6_port = htons(port);
	sendto(s, payload, sizeof(payload), 0, (void *)to, size);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 to;
	socklen_t size;
	int family, s;
	long count;
	int64_t begun = 0;
	bool each_new;

	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		return answer_at(argv[2]);
	if (argc != 4 || (family = to_address(argv[1], 0, &to, &size)) < 0)
		return 2;
	each_new = strcmp(argv[2], "new") == 0;
	count = atol(argv[3]);
	s = socket(family, SOCK_DGRAM, 0);
	if (s < 0 || shake_hands(s, &to, size))
		return 1;
	if (!each_new && connect(s, (void *)&to, size))
		return 1;
	for (long i = -WARM_UP; i < count; i++) {
		if (i == 0)
			begun = now_ns();
		if (each_new)
			send_elsewhere(s, &to, size, (uint16_t)(FIRST_PORT + WARM_UP + i));
		else
			send(s, payload, sizeof(payload), 0); /* connected: it costs least */
	}
	printf("%lld\n", (long long)((now_ns() - begun) / count));
	return 0;
}
