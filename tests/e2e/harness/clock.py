"""A clock that a test sets, for programs that are started under it; that which nobody sets goes on as it does."""

import os
import struct
import subprocess

from harness.process import SANITIZERS

SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t shift_s(void)
{
	static volatile int64_t *shift;

	if (shift == NULL)
		shift = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, open(getenv("SET_CLOCK"), O_RDONLY), 0);
	return *shift;
}

int clock_gettime(clockid_t which, struct timespec *now)
{
	int failed = (int)syscall(SYS_clock_gettime, which, now);

	if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)
		now->tv_sec += shift_s();
	return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec exact;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &exact);
	*now = (struct timeval){ exact.tv_sec, exact.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *out)
{
	struct timespec exact;

	clock_gettime(CLOCK_REALTIME, &exact);
	if (out != NULL)
		*out = exact.tv_sec;
	return exact.tv_sec;
}
"""


class Clock:
    """The words in 'under' start a program under it."""

    def __init__(self, directory):
        library = os.path.join(directory, "clock.so")
        self.file = os.path.join(directory, "clock")
        self.set(0)
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-xc", "-", "-o", library],
                       input=SHIM, text=True, check=True)
        self.under = ["env", f"LD_PRELOAD={library}", f"SET_CLOCK={self.file}",
                      f"ASAN_OPTIONS={SANITIZERS['ASAN_OPTIONS']}:verify_asan_link_order=0"]

    def set(self, seconds):
        """By so many from now on."""
        with open(self.file, "r+b" if os.path.exists(self.file) else "wb") as file:
            file.write(struct.pack("=q", seconds))
