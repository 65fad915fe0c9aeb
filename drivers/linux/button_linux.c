/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "button_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEVICES_MAX 32

struct button_linux {
	struct loop *loop;
	struct loop_source device;
	uint16_t key;
};

static void ready(void *ctx, uint32_t events)
{
	struct button_linux *b = ctx;
	struct input_event e;
	ssize_t n;

	while ((n = read(b->device.fd, &e, sizeof(e))) == (ssize_t)sizeof(e))
		if (e.type == EV_KEY && e.code == b->key && e.value != 2) /* 2: it repeats */
			loop_post(b->loop, &(struct io_event){.kind = IO_BUTTON,
						   .at = loop_now(b->loop),
						   .token = e.value != 0});
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || events & (EPOLLERR | EPOLLHUP)) {
		loop_forget(b->loop, &b->device); /* it was unplugged */
		close(b->device.fd);
		b->device.fd = -1;
	}
}

/* The device with this name, open; -1: there is none. */
static int find_device(const char *name)
{
	for (int n = 0; n < DEVICES_MAX; n++) {
		char path[32], found[80] = "";
		int fd;

		snprintf(path, sizeof(path), "/dev/input/event%d", n);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (ioctl(fd, EVIOCGNAME(sizeof(found) - 1), found) >= 0 &&
			strcmp(found, name) == 0)
			return fd;
		close(fd);
	}
	return -1;
}

enum fl_err button_linux_open(struct button_linux **handle, struct loop *loop,
	const struct board_button *button, struct textbuf *why)
{
	struct button_linux *b = calloc(1, sizeof(*b));

	if (!b) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	b->loop = loop;
	b->key = button->key;
	b->device = (struct loop_source){-1, ready, b};
	if (button->input)
		b->device.fd = find_device(button->input);
	if (b->device.fd >= 0)
		loop_watch(loop, &b->device, EPOLLIN);
	*handle = b;
	return FL_OK;
}

bool button_linux_is_here(const struct button_linux *b)
{
	return b->device.fd >= 0;
}

void button_linux_close(struct button_linux *b)
{
	if (b->device.fd >= 0) {
		loop_forget(b->loop, &b->device);
		close(b->device.fd);
	}
	free(b);
}
