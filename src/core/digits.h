/* digits.h: whole numbers in decimal, two digits at a time: on the way of every request.
 * Knows no sign, no width and no end of text. */
#ifndef CORE_DIGITS_H
#define CORE_DIGITS_H

#include <stdint.h>
#include <string.h>

enum { DIGITS_MAX = 20 }; /* of 64 bits */

/* The two digits of a number below 100. */
static inline const char *
digits_pair(unsigned number)
{
	static const char pairs[] = "00010203040506070809"
				    "10111213141516171819"
				    "20212223242526272829"
				    "30313233343536373839"
				    "40414243444546474849"
				    "50515253545556575859"
				    "60616263646566676869"
				    "70717273747576777879"
				    "80818283848586878889"
				    "90919293949596979899";

	return pairs + 2 * number;
}

/* Writes 'number', of at most DIGITS_MAX; returns where it ends. In its place at once: what is written by pairs
 * and read again as a whole makes a processor wait. */
static inline char *
digits_put(char *at, uint64_t number)
{
	uint64_t rest = number;
	char *end = at + 1;

	for (; rest >= 100; rest /= 100)
		end += 2;
	end += rest >= 10;
	at = end;
	for (; number >= 100; number /= 100)
		memcpy(at -= 2, digits_pair((unsigned)(number % 100)), 2);
	if (number >= 10)
		memcpy(at - 2, digits_pair((unsigned)number), 2);
	else
		at[-1] = (char)('0' + number);
	return end;
}

#endif
