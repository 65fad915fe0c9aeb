/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-stage1 - /init of the ramdisk: from the kernel to the slot's own init.
 *
 * It loads the modules that /modules.list names, arms the watchdog, waits for the slot that the
 * boot loader chose ("fl.slot=a" on the kernel's command line), mounts it and becomes its
 * /sbin/init.  Static, with no shell beside it.  Whatever goes wrong ends in a restart, which costs
 * the slot one of its attempts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLOT_WAIT_MS     15000 /* a disk on USB takes some seconds to appear */
#define SLOT_POLL_MS     20
#define WATCHDOG         "/dev/watchdog0"
#define WATCHDOG_SECONDS 60 /* until fairleadd takes it over */

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

/* ---- modules ---- */

/* One that finds no hardware fails, which is as it should be. */
static bool load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool loaded = fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0;

	if (fd >= 0)
		close(fd);
	return loaded;
}

static void load_modules(const char *list)
{
	FILE *f = fopen(list, "re");
	char path[256];
	unsigned loaded = 0;

	while (f && fgets(path, sizeof(path), f)) {
		path[strcspn(path, "\n")] = '\0';
		loaded += load_module(path);
	}
	if (f)
		fclose(f);
	say(NOTICE, "%u modules loaded", loaded);
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

static void mount_slot(void)
{
	char slot[8] = "a", name[32], device[300];
	int waited = 0;

	argument("fl.slot", slot, sizeof(slot));
	snprintf(name, sizeof(name), "fl-slot-%s", slot);
	while (!find_partition(name, device, sizeof(device))) {
		if (waited >= SLOT_WAIT_MS) {
			errno = ENODEV;
			give_up(name);
		}
		pause_ms(SLOT_POLL_MS);
		waited += SLOT_POLL_MS;
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
	load_modules("/modules.list");
	arm_watchdog();
	mount_slot();
	switch_root();
	open_console();
	execve(argv[0], argv, envp);
	give_up(argv[0]);
}
