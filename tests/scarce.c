// Preloaded into Python: the n-th request of one thread for memory finds none.  Every way to ask
// the system is counted, whoever asks: this library, Python, NumPy, the C++ runtime.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

atomic_long granted = -1;  // requests that are granted before one is not; below 0: all are
atomic_long refusals = 0;
static _Atomic(pthread_t) owner;  // the thread whose requests count

void own(void) { atomic_store(&owner, pthread_self()); }

static int refused(void) {
  if (atomic_load(&granted) < 0 || atomic_load(&owner) != pthread_self()) return 0;
  if (atomic_fetch_sub(&granted, 1) > 0) return 0;
  atomic_fetch_add(&refusals, 1);
  errno = ENOMEM;
  return 1;
}

// glibc's own names for its functions: looking them up would ask for memory.
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) { return refused() ? NULL : __libc_malloc(size); }
void* calloc(size_t n, size_t size) { return refused() ? NULL : __libc_calloc(n, size); }
void* realloc(void* p, size_t size) { return refused() ? NULL : __libc_realloc(p, size); }
void* memalign(size_t to, size_t size) { return refused() ? NULL : __libc_memalign(to, size); }
void* aligned_alloc(size_t to, size_t size) { return memalign(to, size); }
int posix_memalign(void** p, size_t to, size_t size) {
  void* const block = memalign(to, size);
  if (block != NULL) *p = block;
  return block == NULL ? ENOMEM : 0;
}
void* mmap(void* at, size_t size, int access, int flags, int file, off_t offset) {
  static void* (*real)(void*, size_t, int, int, int, off_t);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "mmap");
  return refused() ? MAP_FAILED : real(at, size, access, flags, file, offset);
}
