/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16550 serial ports COM1 and COM2 as log and debug console: output polled, input by interrupt.
 * Options: console, com1, com2. */
#ifndef X86_UART_H
#define X86_UART_H

#include "lib/base.h"

void uart_init(void); /* boot: the ports that the console option names */
void uart_write(const char *text, size_t bytes);
void uart_poll(void);	       /* pass received bytes to upcall_console_input */
void uart_interrupts_on(void); /* once interrupts work */
void uart_stop(void);	       /* crash: no more input */
/* I/O ports [*first, *last] of port n in use by us, for rights of the control domain; false: not in
 * use. */
bool uart_ports(unsigned n, u16 *first, u16 *last);
int uart_gsi(unsigned n); /* of port n when it is ours, else -1 */

#endif
