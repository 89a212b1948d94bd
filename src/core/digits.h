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

/* Writes 'number' so that it ends before 'end'; returns where it begins. */
static inline char *
digits_before(char *end, uint64_t number)
{
	for (; number >= 100; number /= 100)
		memcpy(end -= 2, digits_pair((unsigned)(number % 100)), 2);
	if (number >= 10)
		return memcpy(end - 2, digits_pair((unsigned)number), 2);
	*--end = (char)('0' + number);
	return end;
}

#endif
