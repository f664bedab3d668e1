/* LD_PRELOAD library: a kernel's dma-heap, made of memory files, for machines whose kernel has none.
 *
 * libcamera and picamera2 take their frame buffers from /dev/dma_heap/linux,cma. Here opening that path gives a
 * plain file, asking it for a buffer gives a memfd of that size, and naming and syncing a buffer do nothing:
 * memory that no device writes to needs no sync.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAP "/dev/dma_heap/linux,cma"

static int open_heap(int flags)
{
	return memfd_create("dma-heap", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
}

#define OPEN(name)                                                    \
	int name(const char *path, int flags, ...)                    \
	{                                                             \
		int (*next)(const char *, int, ...);                  \
		va_list rest;                                         \
		if (strcmp(path, HEAP) == 0)                          \
			return open_heap(flags);                      \
		va_start(rest, flags);                                \
		next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		int fd = next(path, flags, va_arg(rest, int));        \
		va_end(rest);                                         \
		return fd;                                            \
	}

OPEN(open)
OPEN(open64)

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);

	if (request == DMA_HEAP_IOCTL_ALLOC) {
		struct dma_heap_allocation_data *wanted = argument;
		int buffer = memfd_create("dma-buf", wanted->fd_flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
		if (buffer < 0)
			return -1;
		if (ftruncate(buffer, (off_t)wanted->len) < 0) {
			close(buffer);
			return -1;
		}
		wanted->fd = (__u32)buffer;
		return 0;
	}
	if (request == DMA_BUF_IOCTL_SYNC || request == DMA_BUF_SET_NAME_A || request == DMA_BUF_SET_NAME_B ||
	    request == DMA_BUF_SET_NAME)
		return 0;
	int (*next)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	return next(fd, request, argument);
}
