/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550 registers and bits are those of the PC16550D data sheet. Output waits for the transmitter
 * (bounded, so a missing port cannot hang a crash) and fills its FIFO at once. Locks: the console's
 * above; input runs in interrupt context.
 */
#include "x86/uart.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "x86/asm.h"
#include "x86/interrupt.h"
#include "x86/upcalls.h"

enum { REG_DATA, REG_IER, REG_FIFO, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };

#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY  0x20
#define FIFO_BYTES     16
#define WAIT_LIMIT     200000
#define INPUT_LIMIT    64 /* bytes taken in one go */

static struct uart {
	u16 port;
	u8 irq;
	bool there;
	u32 room; /* bytes that fit without looking */
} uarts[2] = { { .port = 0x3f8, .irq = 4 }, { .port = 0x2f8, .irq = 3 } };

static u8 get(const struct uart *u, unsigned reg)
{
	return inb(u->port + reg);
}

static void put(const struct uart *u, unsigned reg, u8 v)
{
	outb(u->port + reg, v);
}

/* "baud,format,ioport,irq": format is data bits, parity letter, stop bits. */
static void parse_options(struct uart *u, const char *text, u32 *divisor, u8 *lcr)
{
	const char *p = text;
	u64 baud = parse_u64(p, &p, 10);

	*divisor = baud >= 50 && baud <= 115200 ? 115200 / (u32)baud : 1;
	*lcr = 0x03;
	if (!(p = strchr(p, ',')))
		return;
	if (p[1] >= '5' && p[1] <= '8') {
		*lcr = (u8)(p[1] - '5');
		*lcr |= p[2] == 'o' ? 0x08 : p[2] == 'e' ? 0x18 : 0;
		*lcr |= p[2] && p[3] == '2' ? 0x04 : 0;
	}
	if (!(p = strchr(p + 1, ',')))
		return;
	u->port = (u16)(parse_u64(p + 1, &p, 0) ?: u->port);
	if (*p == ',')
		u->irq = (u8)parse_u64(p + 1, &p, 0);
}

static void uart_start(struct uart *u, const char *text)
{
	u32 divisor;
	u8 lcr;

	parse_options(u, text, &divisor, &lcr);
	put(u, REG_SCRATCH, 0x5a);
	if (get(u, REG_SCRATCH) != 0x5a)
		return;
	put(u, REG_LCR, 0x80);
	put(u, REG_DATA, (u8)divisor);
	put(u, REG_IER, (u8)(divisor >> 8));
	put(u, REG_LCR, lcr);
	put(u, REG_IER, 0);
	put(u, REG_FIFO, 0x07);
	put(u, REG_MCR, 0x0b); /* DTR, RTS, OUT2: the interrupt line is driven */
	u->there = true;
}

void uart_init(void)
{
	if (strstr(opt.console, "com1"))
		uart_start(&uarts[0], opt.com1);
	if (strstr(opt.console, "com2"))
		uart_start(&uarts[1], opt.com2);
}

static void put_char(struct uart *u, char c)
{
	if (!u->room) {
		for (unsigned i = 0; i < WAIT_LIMIT && !(get(u, REG_LSR) & LSR_THR_EMPTY); i++)
			pause_cpu();
		u->room = FIFO_BYTES;
	}
	u->room--;
	put(u, REG_DATA, (u8)c);
}

void uart_write(const char *text, size_t bytes)
{
	for (unsigned n = 0; n < ARRAY_SIZE(uarts); n++) {
		struct uart *u = &uarts[n];

		for (size_t i = 0; u->there && i < bytes; i++) {
			if (text[i] == '\n')
				put_char(u, '\r');
			put_char(u, text[i]);
		}
		u->room = 0;
	}
}

void uart_poll(void)
{
	for (unsigned n = 0; n < ARRAY_SIZE(uarts); n++) {
		const struct uart *u = &uarts[n];

		for (unsigned i = 0;
			u->there && i < INPUT_LIMIT && get(u, REG_LSR) & LSR_DATA_READY; i++)
			upcall_console_input((char)get(u, REG_DATA));
	}
}

void uart_interrupts_on(void)
{
	for (unsigned n = 0; n < ARRAY_SIZE(uarts); n++) {
		const struct uart *u = &uarts[n];

		if (!u->there)
			continue;
		if (interrupt_own_isa(u->irq, uart_poll))
			upcall_log("no interrupt for serial port %u: it takes no input", n + 1);
		else
			put(u, REG_IER, 0x01);
	}
}

void uart_stop(void)
{
	for (unsigned n = 0; n < ARRAY_SIZE(uarts); n++)
		if (uarts[n].there)
			put(&uarts[n], REG_IER, 0);
}

bool uart_ports(unsigned n, u16 *first, u16 *last)
{
	if (n >= ARRAY_SIZE(uarts) || !uarts[n].there)
		return false;
	*first = uarts[n].port;
	*last = uarts[n].port + 7;
	return true;
}

int uart_gsi(unsigned n)
{
	return n < ARRAY_SIZE(uarts) && uarts[n].there ? (int)interrupt_isa_gsi(uarts[n].irq) : -1;
}
