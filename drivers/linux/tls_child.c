/* SPDX-License-Identifier: GPL-2.0-or-later */
/* It blocks wherever it likes: the daemon's patience ends it with a signal. */
#include "tls_child.h"

#include "addr.h"
#include "sandbox.h"
#include "tls_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_LIFE 60 /* seconds, should the daemon have forgotten it */

/* Two sockets, memory and randomness; sigaltstack is what a build with AddressSanitizer needs. */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid), /* the library asks whether it was forked */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static void tell(enum tls_word word, const void *at, size_t n)
{
	char kind = (char)word;
	struct iovec parts[] = {{&kind, 1}, {(void *)(uintptr_t)at, n}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = COUNT_OF(parts)};

	if (sendmsg(TLS_CONTROL_FD, &m, MSG_NOSIGNAL) < 0)
		_exit(1); /* nobody listens any more */
}

static void give_up(const char *words) __attribute__((noreturn));

static void give_up(const char *words)
{
	tell(TLS_FAILED, words, strlen(words));
	_exit(1);
}

/* ---- what went wrong, for people ---- */

static const char *about_certificate(long result)
{
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "its certificate has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "its certificate is not valid yet";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "its certificate is for another name";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "its certificate is of no known authority";
	default:
		return X509_verify_cert_error_string(result);
	}
}

static void give_up_handshake(const SSL *ssl)
{
	long result = SSL_get_verify_result(ssl);
	unsigned long error = ERR_peek_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;
	char words[TLS_WORDS_MAX];
	struct textbuf t = textbuf_of(words, sizeof(words));

	if (result != X509_V_OK)
		give_up(about_certificate(result));
	textbuf_printf(&t, "no TLS: %s", reason ? reason : errno ? strerror(errno) : "closed");
	give_up(words);
}

/* ---- its work ---- */

/* All that needs files comes before the root is empty. */
static SSL *prepare(const char *host, bool verify)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	struct ip_addr literal;
	bool named = ip_addr_parse(str_of(host), &literal) != FL_OK;

	if (!ssl || SSL_set_fd(ssl, TLS_SOCKET_FD) != 1)
		give_up("out of memory");
	SSL_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* RFC 6066 3: no addresses in the name that is asked for. */
	if (named && SSL_set_tlsext_host_name(ssl, host) != 1)
		give_up("out of memory");
	if (!verify)
		return ssl;
	if (SSL_CTX_load_verify_file(ctx, TLS_AUTHORITIES) != 1)
		give_up("there are no authorities in " TLS_AUTHORITIES);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (named ? SSL_set1_host(ssl, host) != 1
		  : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1)
		give_up("out of memory");
	return ssl;
}

static void confine(void)
{
	char words[TLS_WORDS_MAX];
	struct textbuf how = textbuf_of(words, sizeof(words));

	sandbox_enter(&how);
	if (sandbox_filter(allowed, COUNT_OF(allowed), PROT_READ | PROT_WRITE) != FL_OK)
		give_up("no filter for system calls");
}

static void say(SSL *ssl)
{
	char request[TLS_MESSAGE_MAX];
	ssize_t n = recv(TLS_CONTROL_FD, request, sizeof(request), 0);

	if (n <= 0)
		_exit(0); /* the daemon changed its mind */
	if (SSL_write(ssl, request, (int)n) <= 0)
		give_up("the connection broke");
}

static void hear(SSL *ssl)
{
	char heard[TLS_MESSAGE_MAX - 1];
	int n;

	while ((n = SSL_read(ssl, heard, sizeof(heard))) > 0)
		tell(TLS_HEARD, heard, (size_t)n);
	if (SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN)
		tell(TLS_OVER, NULL, 0);
	else
		give_up("the connection broke");
}

bool tls_child_is_meant(int argc, char **argv)
{
	int type;
	socklen_t n = sizeof(type);

	return argc == 3 && (strcmp(argv[1], "verify") == 0 || strcmp(argv[1], "trust") == 0) &&
	       getsockopt(TLS_CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_SEQPACKET &&
	       getsockopt(TLS_SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_STREAM;
}

void tls_child_run(const char *host, bool verify)
{
	SSL *ssl;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	alarm(LONGEST_LIFE);
	setenv("TZ", "UTC0", 1); /* or it would be looked for in files at each certificate */
	tzset();
	fcntl(TLS_SOCKET_FD, F_SETFL, 0); /* it was made for a loop; this one waits */
	ssl = prepare(host, verify);
	confine();
	ERR_clear_error();
	errno = 0;
	if (SSL_connect(ssl) != 1)
		give_up_handshake(ssl);
	say(ssl);
	hear(ssl);
	_exit(0);
}
