/* tls.c: OpenSSL contexts and sessions, and words for what goes wrong in them.
 * Knows certificates; carrying bytes is stream.c's. */
#include "redis/tls.h"

#include "core/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct tls {
	SSL_CTX *context;
	bool check_host;
};

/* A socket as OpenSSL reads and writes it; unlike OpenSSL's own, one that never raises SIGPIPE. */

static int
socket_fd(BIO *bio)
{
	return (int)(intptr_t)BIO_get_data(bio);
}

static int
socket_result(BIO *bio, ssize_t length)
{
	BIO_clear_retry_flags(bio);
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		BIO_set_flags(bio, BIO_FLAGS_SHOULD_RETRY);
	return (int)length;
}

/* What is written to a connection already closed is lost like what was under way: let the reading
 * side find out, which may first find an alert that says why. */
static int
socket_write(BIO *bio, const char *bytes, int length)
{
	ssize_t sent = send(socket_fd(bio), bytes, (size_t)length, MSG_NOSIGNAL);
	int result;

	if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
		sent = length;
	result = socket_result(bio, sent);
	if (BIO_should_retry(bio))
		BIO_set_retry_write(bio);
	return result;
}

static int
socket_read(BIO *bio, char *bytes, int length)
{
	ssize_t got = recv(socket_fd(bio), bytes, (size_t)length, 0);
	int result = socket_result(bio, got);

	if (BIO_should_retry(bio))
		BIO_set_retry_read(bio);
	if (got == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return result;
}

static long
socket_control(BIO *bio, int what, long number, void *pointer)
{
	(void)number;
	switch (what) {
	case BIO_C_GET_FD:
		if (pointer != NULL)
			*(int *)pointer = socket_fd(bio);
		return socket_fd(bio);
	case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_SET_CLOSE: return 1;
	default: return 0;
	}
}

/* One for the whole program, and never freed: libevent frees a session at a later turn of its loop,
 * when the link it belonged to may be gone. */
static BIO_METHOD *socket_method;
static pthread_once_t socket_method_once = PTHREAD_ONCE_INIT;

static void
make_socket_method(void)
{
	int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;

	socket_method = BIO_meth_new(type, "socket without signals");
	if (socket_method == NULL)
		return;
	BIO_meth_set_write(socket_method, socket_write);
	BIO_meth_set_read(socket_method, socket_read);
	BIO_meth_set_ctrl(socket_method, socket_control);
}

/* Loading certificates. */

static const char *
queue_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason != NULL ? reason : "not a PEM file";
}

/* 'option' is the URL's name for the file. */
static bool
is_readable(const char *option, const char *path, struct credis_error *err)
{
	if (access(path, R_OK) == 0)
		return true;
	return error_set(err, CREDIS_EINVAL, "%s: %s: %s", option, path, strerror(errno));
}

static bool
file_refused(const char *option, const char *path, struct credis_error *err)
{
	error_set(err, CREDIS_EINVAL, "%s: %s: %s", option, path, queue_reason());
	ERR_clear_error();
	return false;
}

static bool
load_authorities(SSL_CTX *context, const struct url *url, struct credis_error *err)
{
	if (url->ca == NULL) {
		SSL_CTX_set_default_verify_paths(context);
		return true;
	}
	if (!is_readable("ssl_ca_certs", url->ca, err))
		return false;
	if (SSL_CTX_load_verify_locations(context, url->ca, NULL) != 1)
		return file_refused("ssl_ca_certs", url->ca, err);
	return true;
}

/* OpenSSL would ask at the terminal. */
static int
no_passphrase(char *buffer, int size, int writing, void *arg)
{
	(void)buffer, (void)size, (void)writing, (void)arg;
	return 0;
}

static bool
load_certificate(SSL_CTX *context, const struct url *url, struct credis_error *err)
{
	const char *key = url->key != NULL ? url->key : url->certificate;

	if (url->certificate == NULL) {
		if (url->key != NULL)
			return error_set(err, CREDIS_EINVAL,
			    "ssl_keyfile: %s: there is no ssl_certfile it could belong to",
			    url->key);
		return true;
	}
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	if (!is_readable("ssl_certfile", url->certificate, err) ||
	    !is_readable("ssl_keyfile", key, err))
		return false;
	if (SSL_CTX_use_certificate_chain_file(context, url->certificate) != 1)
		return file_refused("ssl_certfile", url->certificate, err);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return file_refused("ssl_keyfile", key, err);
	return true;
}

static bool
tls_set_up(struct tls *tls, const struct url *url, struct credis_error *err)
{
	tls->context = SSL_CTX_new(TLS_client_method());
	pthread_once(&socket_method_once, make_socket_method);
	if (tls->context == NULL || socket_method == NULL)
		return error_no_memory(err);
	tls->check_host = url->verify && url->check_host;

	SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls->context, url->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
	/* A reply tells its own length: a connection cut short is lost, however politely. */
	SSL_CTX_set_options(tls->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif
	return load_authorities(tls->context, url, err) && load_certificate(tls->context, url, err);
}

struct tls *
tls_new(const struct url *url, struct credis_error *err)
{
	struct tls *tls = calloc(1, sizeof *tls);

	if (tls == NULL) {
		error_no_memory(err);
		return NULL;
	}
	ERR_clear_error();
	if (!tls_set_up(tls, url, err)) {
		tls_free(tls);
		return NULL;
	}
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* One session. */

static bool
expect_address(const struct tls *tls, SSL *session, const char *address)
{
	return !tls->check_host ||
	    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), address) == 1;
}

static bool
expect_name(const struct tls *tls, SSL *session, const char *name)
{
	if (SSL_set_tlsext_host_name(session, name) != 1)
		return false;
	SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return !tls->check_host || SSL_set1_host(session, name) == 1;
}

static bool
expect_host(const struct tls *tls, SSL *session, const char *host)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
		return expect_address(tls, session, host);
	return expect_name(tls, session, host);
}

SSL *
tls_session_new(const struct tls *tls, int fd, const char *host)
{
	SSL *session = SSL_new(tls->context);
	BIO *bio = BIO_new(socket_method);

	if (session == NULL || bio == NULL)
		goto failed;
	BIO_set_data(bio, (void *)(intptr_t)fd);
	BIO_set_init(bio, 1);
	if (!expect_host(tls, session, host))
		goto failed;
	SSL_set_bio(session, bio, bio);
	return session;
failed:
	BIO_free(bio);
	SSL_free(session);
	return NULL;
}

struct meaning {
	int reason;
	const char *sentence;
};

static const struct meaning meanings[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, "the server does not speak TLS on this port" },
	{ SSL_R_HTTP_REQUEST, "the server does not speak TLS on this port" },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, "the server does not speak TLS on this port" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "the server speaks only older TLS than 1.2" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the server speaks only older TLS than 1.2" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the server demands a client certificate" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
	    "the server refuses the handshake (does it demand a client certificate?)" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the server does not trust our client certificate" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the server refuses our client certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "our client certificate has expired" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the server refuses our client certificate" },
};

static const char *
find_meaning(unsigned long code)
{
	const char *words;

	for (size_t n = 0; n < sizeof meanings / sizeof meanings[0]; n++) {
		if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == meanings[n].reason)
			return meanings[n].sentence;
	}
	words = code != 0 ? ERR_reason_error_string(code) : NULL;
	return words != NULL ? words : "the connection broke";
}

static void
explain_certificate(long fault, const char *host, struct credis_error *err)
{
	if (fault == X509_V_ERR_HOSTNAME_MISMATCH || fault == X509_V_ERR_IP_ADDRESS_MISMATCH)
		error_set(err, CREDIS_EUNREACHABLE, "the server's certificate is not for %s", host);
	else
		error_set(err, CREDIS_EUNREACHABLE,
		    "the server's certificate is not to be trusted: %s",
		    X509_verify_cert_error_string(fault));
}

void
tls_explain(const SSL *session, const char *host, unsigned long code, struct credis_error *err)
{
	long fault = SSL_get_verify_result(session);

	ERR_clear_error();
	if (fault != X509_V_OK && SSL_get_verify_mode(session) != SSL_VERIFY_NONE)
		explain_certificate(fault, host, err);
	else
		error_set(err, CREDIS_EUNREACHABLE, "TLS: %s", find_meaning(code));
}
