/* number_exact.c: between ten and two by whole numbers of 128 bits, several times as fast as by the C
 * library. Rounds half to even, as the library does. */
#include "core/number_exact.h"

#include <float.h>
#include <math.h>

#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 wide;

/* 10 to a power from 0 to 22. */
static wide
ten_to(int power)
{
	static const uint64_t tens[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000,
		100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
		100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000, 10000000000000000000u };

	return power <= 19 ? tens[power] : (wide)tens[19] * tens[power - 19];
}

static int
leading_zeros(wide number)
{
	uint64_t high = (uint64_t)(number >> 64);

	return high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)number);
}

/* Drops bits, from 1 to 127; 'more' says that some were dropped before. */
static wide
drop_bits(wide number, int bits, bool more)
{
	wide half = (wide)1 << (bits - 1);
	wide rest = number & (half | (half - 1));
	wide kept = number >> bits;

	return kept + (rest > half || (rest == half && (more || (kept & 1) != 0)));
}

bool
exact_compose(double *real, bool single, uint64_t whole, int64_t scale)
{
	if (scale < -19 || scale > 19)
		return false;
	wide number = scale > 0 ? whole * ten_to((int)scale) : whole;
	wide divisor = scale < 0 ? ten_to((int)-scale) : 1;
	int shift = leading_zeros(number);

	/* at least 64 bits are left, more than a double has */
	number <<= shift;
	wide quotient = number / divisor;
	bool more = quotient * divisor != number;
	int bits = 128 - leading_zeros(quotient) - (single ? FLT_MANT_DIG : DBL_MANT_DIG);
	*real = ldexp((double)drop_bits(quotient, bits, more), bits - shift);
	return true;
}

bool
exact_decompose(uint64_t *whole, int *scale, int count, double real)
{
	int exponent;

	if (real < 1e-5 || real >= 1e15)
		return false;
	uint64_t mantissa = (uint64_t)ldexp(frexp(real, &exponent), DBL_MANT_DIG);
	int shift = DBL_MANT_DIG - exponent;
	/* guessed from the power of two, it may be one too large */
	int power = count - 1 - (int)floor((exponent - 1) * 0.30102999566398120);
	wide limit = ten_to(count);
	for (; power >= 0 && power <= 22; power--) {
		wide digits = drop_bits(mantissa * ten_to(power), shift, false);
		if (digits >= limit)
			continue;
		*whole = (uint64_t)digits;
		*scale = -power;
		return true;
	}
	return false;
}

#else

bool
exact_compose(double *real, bool single, uint64_t whole, int64_t scale)
{
	(void)real, (void)single, (void)whole, (void)scale;
	return false;
}

bool
exact_decompose(uint64_t *whole, int *scale, int count, double real)
{
	(void)whole, (void)scale, (void)count, (void)real;
	return false;
}

#endif
