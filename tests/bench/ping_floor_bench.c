/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The least that a probe costs on this machine: a timer, a raw socket bound to a device, epoll and
 * an echo of 24 octets; nothing is judged.  ping_floor_bench DEVICE ADDRESS RATE SECONDS */
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static uint16_t checksum(const uint16_t *at, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += at[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void send_echo(int fd, const struct sockaddr_in *to, uint16_t seq)
{
	uint16_t packet[12] = {0};

	packet[0] = htons(ICMP_ECHO << 8);
	packet[2] = htons((uint16_t)getpid());
	packet[3] = htons(seq);
	packet[1] = checksum(packet, 12);
	(void)!sendto(fd, packet, sizeof(packet), 0, (const struct sockaddr *)to, sizeof(*to));
}

static int watch(int poll, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &e);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), poll = epoll_create1(0);
	unsigned sent = 0, answered = 0, wanted;
	struct itimerspec every = {0};
	struct rusage used;

	if (argc != 5 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1 || atoi(argv[3]) < 2 ||
		fd < 0 || timer < 0 || poll < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, argv[1], (socklen_t)strlen(argv[1]))) {
		fprintf(stderr, "usage, as root: ping_floor_bench DEVICE ADDRESS RATE SECONDS\n");
		return 2;
	}
	wanted = (unsigned)(atoi(argv[3]) * atoi(argv[4]));
	every.it_interval.tv_nsec = every.it_value.tv_nsec = 1000000000 / atoi(argv[3]);
	if (timerfd_settime(timer, 0, &every, NULL) || watch(poll, fd) || watch(poll, timer))
		return 1;
	while (sent < wanted) {
		struct epoll_event e;
		uint8_t room[1500];
		uint64_t ticks;

		if (epoll_wait(poll, &e, 1, -1) != 1)
			continue;
		if (e.data.fd == fd)
			answered += recv(fd, room, sizeof(room), 0) > 0;
		else if (read(timer, &ticks, sizeof(ticks)) == sizeof(ticks))
			send_echo(fd, &to, (uint16_t)sent++);
	}
	getrusage(RUSAGE_SELF, &used);
	printf("the least a probe costs: %.0f us of processor (%u sent, %u answered)\n",
		((double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec)) /
			sent,
		sent, answered);
	return 0;
}
