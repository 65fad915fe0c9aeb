/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tls_helper.h - TLS for a connection that this process has made, in a process of its own.
 *
 * What a stranger's TLS says is read by a large library.  It runs where it can do no harm: in
 * fairlead-tls, one a connection, without privileges, which gets the connected socket and a control
 * socket and nothing else.  It also keeps the library out of the daemon, and its handshakes out of
 * the daemon's loop.
 *
 * On the control socket (SOCK_SEQPACKET) the daemon sends one message, what is to be said over TLS.
 * The helper sends messages of one octet of enum tls_word and what belongs to it.  The daemon
 * believes nothing of that but the words for people, and these it makes printable. */
#ifndef FL_TLS_HELPER_H
#define FL_TLS_HELPER_H

#include "helper_spawn.h"
#include "loop.h"

#define TLS_CONTROL_FD  HELPER_FIRST_FD /* of the helper */
#define TLS_SOCKET_FD   (HELPER_FIRST_FD + 1)
#define TLS_MESSAGE_MAX 4097
#define TLS_WORDS_MAX   80

enum tls_word {
	TLS_HEARD = 'd',  /* octets of the other end */
	TLS_OVER = 'o',   /* the other end has said all */
	TLS_FAILED = 'f', /* words: "its certificate has expired" */
};

struct tls_helpers;
struct tls_helper;

/* `program` is copied.  NULL: out of memory. */
struct tls_helpers *tls_helpers_open(struct loop *loop, const char *program);
/* Ends those that run. */
void tls_helpers_close(struct tls_helpers *all);
/* Start a helper for the connected `socket`, which the caller may close then.  `host` is the name
 * or address that the certificate must be for; with `verify` false any will do.  Returns the
 * control socket, which is the caller's, or -1 and errno. */
int tls_helper_start(struct tls_helpers *all, int socket, const char *host, bool verify,
	struct tls_helper **out);
/* It is not needed any more. */
void tls_helper_stop(struct tls_helper *h);

#endif
