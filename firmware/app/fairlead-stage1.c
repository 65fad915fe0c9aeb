/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-stage1 - /init of the ramdisk: from the kernel to the slot's own init.
 *
 * It loads drivers of the ramdisk until the slot appears that the boot loader chose ("fl.slot=a" on
 * the kernel's command line), arms the watchdog, makes the slot the root file system, and does
 * there what needs no decision: the file systems in memory, the modules that forwarding takes and
 * the drivers of the interfaces that are there, and fl-data, if that is in order.  Then it becomes
 * the slot's /sbin/init.
 *
 * Here and not in the shell scripts of init, because a command started there takes as long as ten
 * modules do.  Static, with no shell beside it.  Whatever goes wrong before the root file system is
 * there ends in a restart, which costs the slot one of its attempts. */
#include "modules_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define SLOT_WAIT_MS     15000 /* a disk on USB takes some seconds to appear */
#define SLOT_POLL_MS     20
#define WATCHDOG         "/dev/watchdog0"
#define WATCHDOG_SECONDS 60 /* until fairleadd takes it over */
#define EXT4_MAGIC       0xEF53
#define EXT4_HAS_ERRORS  2

/* Levels of the kernel's log; only the first is shown on the console. */
enum { ALERT = 1, NOTICE = 5 };

static void say(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* To the kernel's log: there is no other yet. */
static void say(int level, const char *format, ...)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "<%d>fairlead: ", level), fd;
	va_list args;

	va_start(args, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	va_end(args);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, line, strlen(line));
	close(fd);
}

static void pause_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void give_up(const char *what) __attribute__((noreturn));

static void give_up(const char *what)
{
	say(ALERT, "cannot start: %s: %s; the router restarts", what, strerror(errno));
	pause_ms(2000); /* to be read */
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

/* ---- small files ---- */

/* Each word of a file: "#" begins a comment that goes to the end of the line. */
static void each_word(const char *path, void (*each)(void *ctx, const char *word), void *ctx)
{
	FILE *f = fopen(path, "re");
	char line[512], *rest, *word;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "#\n")] = '\0';
		rest = line;
		while ((word = strtok_r(rest, " \t", &rest)))
			each(ctx, word);
	}
	if (f)
		fclose(f);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

/* ---- what the boot loader said ---- */

/* The value of "key=value" on the kernel's command line. */
static bool argument(const char *key, char *out, size_t size)
{
	static char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	char *rest = line, *word;
	size_t length = strlen(key);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	line[n] = '\0';
	while ((word = strtok_r(rest, " \n", &rest))) {
		if (strncmp(word, key, length) != 0 || word[length] != '=')
			continue;
		snprintf(out, size, "%s", word + length + 1);
		return true;
	}
	return false;
}

/* ---- the watchdog ---- */

/* From here a hang anywhere costs one attempt: it is closed without the letter that stops it. */
static void arm_watchdog(void)
{
	char word[8];
	int seconds = argument("fl.watchdog", word, sizeof(word)) ? atoi(word) : WATCHDOG_SECONDS;
	int fd = open(WATCHDOG, O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		say(NOTICE, "there is no hardware watchdog");
		return;
	}
	ioctl(fd, WDIOC_SETTIMEOUT, &seconds);
	ioctl(fd, WDIOC_KEEPALIVE, 0);
	close(fd);
	say(NOTICE, "watchdog armed, %d s", seconds);
}

/* ---- the slot ---- */

static bool is_partition(const char *device, const char *name)
{
	char path[320], line[128], wanted[80];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/block/%s/uevent", device);
	snprintf(wanted, sizeof(wanted), "PARTNAME=%s\n", name);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strcmp(line, wanted) == 0;
	if (f)
		fclose(f);
	return found;
}

/* The device of the partition with this name. */
static bool find_partition(const char *name, char *device, size_t size)
{
	DIR *d = opendir("/sys/class/block");
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		found = e->d_name[0] != '.' && is_partition(e->d_name, name);
		if (found)
			snprintf(device, size, "/dev/%s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

/* ---- drivers of the ramdisk ---- */

struct search {
	struct modules *modules;
	const char *wanted; /* the partition */
	char *device;
	size_t size;
	bool found;
	bool again; /* a driver was loaded: there may be new devices */
};

/* The next driver, unless there is nothing left to look for. */
static void try_driver(void *ctx, const char *name)
{
	struct search *s = ctx;

	if (s->found || s->again || !modules_load_if_asked(s->modules, name))
		return;
	s->again = true;
	s->found = find_partition(s->wanted, s->device, s->size);
}

static void load_word(void *ctx, const char *name)
{
	modules_load(ctx, name);
}

/* The tables of the running kernel's modules. */
static void open_modules(struct modules *m, char *folder, size_t size)
{
	struct utsname u;

	uname(&u);
	snprintf(folder, size, "/lib/modules/%s", u.release);
	*m = (struct modules){.folder = folder, .sysfs = "/sys", .insert = modules_insert};
	if (!modules_open(m))
		say(ALERT, "there is no %s/modules.dep", folder);
}

/* Load drivers in the order of preference, and only those of hardware that is there, until the
 * partition is: a PC has controllers by the dozen that nothing hangs on. */
static bool search_partition(const char *name, char *device, size_t size)
{
	static struct modules modules;
	char folder[100];
	struct search s = {&modules, name, device, size, find_partition(name, device, size), false};

	open_modules(&modules, folder, sizeof(folder));
	each_word("/etc/modules", load_word, &modules);
	for (int waited = 0; !s.found && waited < SLOT_WAIT_MS;) {
		modules_ask_hardware(&modules);
		s.again = false;
		each_word("/etc/drivers", try_driver, &s);
		if (s.again)
			continue;
		pause_ms(SLOT_POLL_MS);
		waited += SLOT_POLL_MS;
		s.found = find_partition(name, device, size);
	}
	say(NOTICE, "%u modules loaded from the ramdisk", modules.loaded);
	return s.found;
}

static void mount_slot(void)
{
	char slot[8] = "a", name[32], device[300];
	bool found;

	argument("fl.slot", slot, sizeof(slot));
	snprintf(name, sizeof(name), "fl-slot-%s", slot);
	found = search_partition(name, device, sizeof(device));
	arm_watchdog(); /* its driver is among the first */
	if (!found) {
		errno = ENODEV;
		give_up(name);
	}
	if (mount(device, "/root", "squashfs", MS_RDONLY | MS_NODEV, NULL) < 0)
		give_up(device);
	say(NOTICE, "slot %s on %s", slot, device);
}

/* ---- handing over ---- */

/* Give the ramdisk's memory back: remove what is on its file system `dev`. */
static void empty_folder(int folder, dev_t dev)
{
	DIR *d = fdopendir(folder);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != dev)
			continue;
		if (S_ISDIR(st.st_mode)) {
			int below = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			if (below >= 0)
				empty_folder(below, dev);
		}
		unlinkat(dirfd(d), e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
	if (d)
		closedir(d);
}

static void switch_root(void)
{
	static const char *const moved[] = {"proc", "sys", "dev"};
	int ramdisk = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (ramdisk < 0 || fstat(ramdisk, &st) < 0)
		give_up("the ramdisk");
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		char from[16], to[24];

		snprintf(from, sizeof(from), "/%s", moved[i]);
		snprintf(to, sizeof(to), "/root/%s", moved[i]);
		if (mount(from, to, NULL, MS_MOVE, NULL) < 0)
			give_up(to);
	}
	if (chdir("/root") < 0)
		give_up("/root");
	empty_folder(ramdisk, st.st_dev);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		give_up("the new root");
}

/* ---- in the slot's root file system ---- */

static void mount_memory(void)
{
	static const struct {
		const char *kind, *at, *options;
		unsigned long flags;
	} all[] = {
		{"tmpfs", "/run", "mode=755,size=32m", MS_NOSUID | MS_NODEV},
		{"tmpfs", "/tmp", "mode=1777,size=32m", MS_NOSUID | MS_NODEV},
		{"devpts", "/dev/pts", "mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC},
		{"tmpfs", "/dev/shm", "mode=1777,size=16m", MS_NOSUID | MS_NODEV},
	};
	static const char *const folders[] = {"/run/lock", "/run/log", "/run/etc", "/run/fairlead"};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		mkdir(all[i].at, 0755);
		if (mount(all[i].kind, all[i].at, all[i].kind, all[i].flags, all[i].options) < 0)
			say(ALERT, "%s: %s", all[i].at, strerror(errno));
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mkdir(folders[i], 0755);
	mkfifo("/run/fairlead/up", 0600); /* see /etc/init.d/late */
}

static void raise_loopback(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &r) < 0)
		say(ALERT, "lo: %s", strerror(errno));
	if (s >= 0)
		close(s);
}

/* What forwarding takes, and the hardware that fairleadd looks for when it starts: interfaces,
 * buttons, lamps.  All else is loaded when the router forwards. */
static void load_modules(void)
{
	static const char *const early[] = {"kernel/drivers/net/", "kernel/drivers/gpio/",
		"kernel/drivers/input/", "kernel/drivers/leds/", "kernel/drivers/platform/"};
	static struct modules modules;
	char folder[100];
	bool again;

	open_modules(&modules, folder, sizeof(folder));
	each_word("/etc/modules", load_word, &modules);
	do { /* a bus that one of them drives may have devices on it */
		again = false;
		modules_ask_hardware(&modules);
		for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
			again |= modules_load_asked(&modules, early[i]);
	} while (again);
	/* Input devices are on no bus, and that of the button may come when its pins have a driver,
	 * after this: fairleadd would find nothing to read. */
	modules_load(&modules, "evdev");
	say(NOTICE, "%u modules loaded", modules.loaded);
}

/* Is there an ext4 file system in which the kernel has found no error?  One that was cut off in the
 * middle of a write is in order: its journal says what to do. */
static bool is_in_order(const char *device)
{
	struct __attribute__((packed)) {
		uint8_t skipped[0x38];
		uint16_t magic, state;
	} block; /* little-endian, as our machines are */
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	bool read_all = fd >= 0 && pread(fd, &block, sizeof(block), 1024) == sizeof(block);

	if (fd >= 0)
		close(fd);
	return read_all && block.magic == EXT4_MAGIC && !(block.state & EXT4_HAS_ERRORS);
}

/* Anything out of the ordinary is for /etc/init.d/data. */
static void mount_data(void)
{
	char device[300];

	if (!find_partition("fl-data", device, sizeof(device)) || !is_in_order(device))
		return;
	if (mount(device, "/data", "ext4", MS_NOATIME | MS_NODEV | MS_NOSUID, NULL) < 0)
		say(NOTICE, "%s: %s", device, strerror(errno));
	else
		say(NOTICE, "data on %s", device);
}

static void prepare_root(void)
{
	mount_memory();
	put("/proc/sys/kernel/panic", "5");
	put("/proc/sys/kernel/panic_on_oops", "1");
	put("/proc/sys/kernel/printk", "2 4 1 7");
	put("/proc/sys/kernel/hostname", "fairlead");
	raise_loopback();
	load_modules();
	mount_data();
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	for (int to = 0; fd >= 0 && to <= 2; to++)
		dup2(fd, to);
	if (fd > 2)
		close(fd);
}

int main(void)
{
	static char init[] = "/sbin/init";
	static char *const argv[] = {init, NULL};
	static char path[] = "PATH=/usr/sbin:/usr/bin", home[] = "HOME=/", term[] = "TERM=vt102";
	static char *const envp[] = {path, home, term, NULL};

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir("/root", 0755);
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	mount_slot();
	switch_root();
	prepare_root();
	open_console();
	execve(argv[0], argv, envp);
	give_up(argv[0]);
}
