/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of the network figures: streams and datagrams with as little work of their own as can
 * be. The sinks print "BYTES-OR-PACKETS NANOSECONDS" between the first and the last that came.
 *   net tcp-sink PORT MIB          net tcp ADDRESS PORT MIB
 *   net udp-sink PORT              net udp ADDRESS PORT COUNT
 * A datagram is 64 bytes long; the last ones are empty, many of them, so that one arrives.
 * A profile counts the calls of unit(): one for each whole PIECE or datagram that a sink has got.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE	 (256 << 10)
#define DATAGRAM 64
#define WARM_MIB 1 /* not counted: windows open */

static char buf[PIECE];

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static __attribute__((noinline)) void unit(void)
{
	__asm__ volatile("");
}

static struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (host && inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die(host);
	return a;
}

static int bound(int type, const char *port)
{
	struct sockaddr_in a = address_of(NULL, port);
	int fd = socket(AF_INET, type, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die("bind");
	return fd;
}

static int tcp_sink(const char *port, uint64_t mib)
{
	int listener = bound(SOCK_STREAM, port), fd;
	uint64_t got = 0, unit_at = PIECE, warm = WARM_MIB << 20, start = 0;
	ssize_t n;

	listen(listener, 1);
	fd = accept(listener, NULL, NULL);
	while (got < (mib + WARM_MIB) << 20 && (n = read(fd, buf, sizeof(buf))) > 0) {
		got += n;
		for (; unit_at <= got; unit_at += PIECE)
			unit();
		if (!start && got >= warm) {
			start = now();
			warm = got;
		}
	}
	printf("%llu %llu\n", (unsigned long long)(got - warm),
		(unsigned long long)(now() - start));
	return 0;
}

static int tcp(const char *host, const char *port, uint64_t mib)
{
	struct sockaddr_in a = address_of(host, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t left = (mib + WARM_MIB) << 20;
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	for (; left; left -= n) {
		n = write(fd, buf, left < PIECE ? left : PIECE);
		if (n < 0)
			die("write");
	}
	/* Until the other side is done. */
	shutdown(fd, SHUT_WR);
	return read(fd, buf, 1) != 0;
}

static int udp_sink(const char *port)
{
	int fd = bound(SOCK_DGRAM, port), room = 8 << 20;
	uint64_t start = 0, end = 0, count = 0;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		if (!start)
			start = now();
		count++;
		unit();
	}
	end = now();
	printf("%llu %llu\n", (unsigned long long)count, (unsigned long long)(end - start));
	return 0;
}

static int udp(const char *host, const char *port, uint64_t count)
{
	struct sockaddr_in a = address_of(host, port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	for (; count; count--)
		send(fd, buf, DATAGRAM, 0);
	for (count = 0; count < 200; count++) {
		send(fd, buf, 0, 0);
		usleep(1000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "tcp-sink"))
		return tcp_sink(argv[2], strtoull(argv[3], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "tcp"))
		return tcp(argv[2], argv[3], strtoull(argv[4], NULL, 0));
	if (argc == 3 && !strcmp(argv[1], "udp-sink"))
		return udp_sink(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "udp"))
		return udp(argv[2], argv[3], strtoull(argv[4], NULL, 0));
	fprintf(stderr, "usage: net tcp-sink PORT MIB | tcp ADDRESS PORT MIB | udp-sink PORT | "
			"udp ADDRESS PORT COUNT\n");
	return 2;
}
