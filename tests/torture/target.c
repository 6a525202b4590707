// SPDX-License-Identifier: Apache-2.0
// A target whose answers are files, quick enough for thousands of collections:
//
//	target FOLDER		prints the port on loopback that it listens at
//
// GET /debug/pprof/goroutine?debug=2 is answered with FOLDER/goroutine, block?debug=0 with
// FOLDER/block, the index with FOLDER/index, /metrics with FOLDER/metrics; 404 without the file.
// It ends with its standard input.
#include "base/file.h"
#include "base/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define CLIENTS_MAX 64
#define REQUEST_MAX 2048

struct client {
	char request[REQUEST_MAX];
	size_t len;
};

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, CLIENTS_MAX) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -1;
	*port = ntohs(address.sin_port);
	return fd;
}

// "/debug/pprof/goroutine?debug=2" is "goroutine".
static struct str name_of(struct str request)
{
	struct str path = str_skip(request, str_find_byte(request, '/'));

	path = str_head(path, str_find_byte(path, ' '));
	path = str_basename(str_head(path, str_find_byte(path, '?')));
	return path.len > 0 ? path : STR("index");
}

static void answer(int fd, const char *folder, struct str request)
{
	struct buf path = BUF_INIT(KIB(4)), body = BUF_INIT(MIB(1)), out = BUF_INIT(MIB(2));
	struct error error = {0};
	int found;

	buf_printf(&path, "%s/%.*s", folder, STR_ARG(name_of(request)));
	found = file_read(buf_text(&path), &body, &error);
	buf_printf(&out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n",
		found == 0 ? "200 OK" : "404 Not Found", body.len);
	buf_add_buf(&out, &body);
	(void)!send(fd, out.data, out.len, MSG_NOSIGNAL);
	buf_release(&path);
	buf_release(&body);
	buf_release(&out);
}

// False when the other end has gone.
static bool serve(int fd, struct client *client, const char *folder)
{
	ssize_t got = recv(fd, client->request + client->len, REQUEST_MAX - client->len, 0);
	struct str request;

	if (got <= 0)
		return false;
	client->len += (size_t)got;
	request = (struct str){client->request, client->len};
	if (str_ends(request, STR("\r\n\r\n"))) {
		answer(fd, folder, request);
		client->len = 0;
	}
	return client->len < REQUEST_MAX;
}

static void take_client(int listener, struct pollfd *fds, struct client *clients)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t i = 0; i < CLIENTS_MAX && fd >= 0; i++) {
		if (fds[i].fd >= 0)
			continue;
		fds[i].fd = fd;
		clients[i].len = 0;
		return;
	}
	(void)close(fd);
}

int main(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];
	// The clients, then the listener and standard input.
	struct pollfd fds[CLIENTS_MAX + 2];
	uint16_t port;

	for (size_t i = 0; i < CLIENTS_MAX + 2; i++)
		fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	fds[CLIENTS_MAX].fd = listen_on_loopback(&port);
	fds[CLIENTS_MAX + 1].fd = STDIN_FILENO;
	if (argc != 2 || fds[CLIENTS_MAX].fd < 0)
		return 1;
	printf("%u\n", port);
	(void)fflush(stdout);
	while (poll(fds, CLIENTS_MAX + 2, -1) > 0 && !fds[CLIENTS_MAX + 1].revents) {
		for (size_t i = 0; i < CLIENTS_MAX; i++) {
			if (!fds[i].revents || serve(fds[i].fd, &clients[i], argv[1]))
				continue;
			(void)close(fds[i].fd);
			fds[i].fd = -1;
		}
		if (fds[CLIENTS_MAX].revents)
			take_client(fds[CLIENTS_MAX].fd, fds, clients);
	}
	return 0;
}
