/* filelog: writes down what a process asks of the file system, with its data, in the order in which it happened.
 *
 * Loaded with LD_PRELOAD. FILELOG_ROOT is the folder that counts, FILELOG the file that gets the records. Everything but
 * a sync is recorded under a lock that is held during the call, so that the order of the records is that of the calls; a
 * sync has a record at its begin and one at its end. What is said on a Unix socket is recorded before it is sent, what
 * is heard after it came: whoever was told of something was told later than its record says. Mappings are not seen.
 *
 * A record is `kind time a b length`, packed, and `length` bytes. See `log.py` for what they mean. For 64-bit Linux.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

struct record {
    char kind;
    uint64_t time, a, b; /* time: CLOCK_MONOTONIC in ns */
    uint32_t length;
} __attribute__((packed));

typedef struct {
    int inside;
    char path[2 * PATH_MAX];
    size_t name;     /* where it begins in the path */
    uint64_t folder; /* inode number */
} place_t;

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int file = -1;
static uint64_t syncs;

static void note(char kind, uint64_t a, uint64_t b, const void *data, size_t length)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record record = {kind, now.tv_sec * 1000000000ULL + now.tv_nsec, a, b, (uint32_t)length};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)data, length}};
    int error = errno;
    if (syscall(SYS_writev, file, parts, 2) != (long)(sizeof record + length))
        abort();
    errno = error;
}

static uint64_t inode(const char *path)
{
    struct stat status;
    return stat(path, &status) ? 0 : status.st_ino;
}

static int is_inside(const char *path)
{
    return file >= 0 && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static void path_of(int descriptor, char *path)
{
    char link[32] = "/proc/self/cwd";
    if (descriptor != AT_FDCWD) {
        char digits[12], *end = digits + sizeof digits;
        *--end = 0;
        for (unsigned number = (unsigned)descriptor; end == digits + sizeof digits - 1 || number; number /= 10)
            *--end = (char)('0' + number % 10);
        strcat(strcpy(link, "/proc/self/fd/"), end);
    }
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

/* Whether the descriptor counts, and its inode number. */
static int counts(int descriptor, uint64_t *number)
{
    char path[PATH_MAX];
    struct stat status;
    path_of(descriptor, path);
    if (!is_inside(path) || fstat(descriptor, &status))
        return 0;
    *number = status.st_ino;
    return 1;
}

static place_t locate(int folder, const char *path)
{
    place_t place = {0};
    if (file < 0 || !path)
        return place;
    if (*path != '/') {
        path_of(folder, place.path);
        strcat(place.path, "/");
    }
    strncat(place.path, path, PATH_MAX - 1);
    char *slash = strrchr(place.path, '/');
    if (!is_inside(place.path) || slash == place.path || (size_t)(slash - place.path) < root_length)
        return place;
    *slash = 0;
    place.folder = inode(place.path);
    *slash = '/';
    place.name = (size_t)(slash + 1 - place.path);
    place.inside = 1;
    return place;
}

static void note_entry(char kind, const place_t *place, uint64_t number)
{
    note(kind, place->folder, number, place->path + place->name, strlen(place->path + place->name));
}

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("FILELOG_ROOT"), *log = getenv("FILELOG");
    if (!folder || !log || !realpath(folder, root))
        return;
    root_length = strlen(root);
    file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    note('O', inode(root), 0, root, root_length);
    unsetenv("LD_PRELOAD"); /* children are not recorded */
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    place_t place = locate(folder, path);
    if (!place.inside)
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    pthread_mutex_lock(&order);
    uint64_t before = inode(place.path);
    int descriptor = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (descriptor >= 0) {
        if (!before)
            note_entry('C', &place, inode(place.path));
        else if (flags & O_TRUNC)
            note('T', before, 0, 0, 0);
    }
    pthread_mutex_unlock(&order);
    return descriptor;
}

#define MODE mode_t mode = 0; if (flags & O_CREAT) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }
API int open(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
API int open64(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
API int openat(int folder, const char *path, int flags, ...) { MODE return open_at(folder, path, flags, mode); }
API int openat64(int folder, const char *path, int flags, ...) { MODE return open_at(folder, path, flags, mode); }

static ssize_t put(int descriptor, const void *data, size_t length, off_t offset, int positioned)
{
    uint64_t number;
    if (file < 0 || !counts(descriptor, &number))
        return positioned ? syscall(SYS_pwrite64, descriptor, data, length, offset)
                          : syscall(SYS_write, descriptor, data, length);
    pthread_mutex_lock(&order);
    if (!positioned)
        offset = lseek(descriptor, 0, fcntl(descriptor, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t written = positioned ? syscall(SYS_pwrite64, descriptor, data, length, offset)
                                 : syscall(SYS_write, descriptor, data, length);
    if (written > 0)
        note('W', number, (uint64_t)offset, data, (size_t)written);
    pthread_mutex_unlock(&order);
    return written;
}

API ssize_t write(int descriptor, const void *data, size_t length) { return put(descriptor, data, length, 0, 0); }
API ssize_t pwrite(int descriptor, const void *data, size_t length, off_t at) { return put(descriptor, data, length, at, 1); }
API ssize_t pwrite64(int descriptor, const void *data, size_t length, off_t at) { return put(descriptor, data, length, at, 1); }

/* Calls that either happen or not, and are recorded where they did. */
#define RECORDED(call, record)                                                                                         \
    pthread_mutex_lock(&order);                                                                                        \
    int result = (int)(call);                                                                                          \
    if (!result)                                                                                                       \
        record;                                                                                                        \
    pthread_mutex_unlock(&order);                                                                                      \
    return result;

API int ftruncate(int descriptor, off_t size)
{
    uint64_t number;
    if (!counts(descriptor, &number))
        return (int)syscall(SYS_ftruncate, descriptor, size);
    RECORDED(syscall(SYS_ftruncate, descriptor, size), note('T', number, (uint64_t)size, 0, 0))
}
API int ftruncate64(int descriptor, off_t size) { return ftruncate(descriptor, size); }

API int posix_fallocate(int descriptor, off_t offset, off_t length)
{
    uint64_t number;
    if (!counts(descriptor, &number))
        return syscall(SYS_fallocate, descriptor, 0, offset, length) ? errno : 0;
    RECORDED(syscall(SYS_fallocate, descriptor, 0, offset, length) ? errno : 0,
             note('A', number, (uint64_t)(offset + length), 0, 0))
}
API int posix_fallocate64(int descriptor, off_t offset, off_t length) { return posix_fallocate(descriptor, offset, length); }

static int sync_with(long call, int descriptor)
{
    uint64_t number;
    if (file < 0 || !counts(descriptor, &number))
        return (int)syscall(call, descriptor);
    pthread_mutex_lock(&order);
    uint64_t serial = ++syncs;
    note('S', number, serial, 0, 0);
    pthread_mutex_unlock(&order);
    int result = (int)syscall(call, descriptor);
    pthread_mutex_lock(&order);
    if (!result)
        note('E', number, serial, 0, 0);
    pthread_mutex_unlock(&order);
    return result;
}
API int fsync(int descriptor) { return sync_with(SYS_fsync, descriptor); }
API int fdatasync(int descriptor) { return sync_with(SYS_fdatasync, descriptor); }

API int mkdirat(int folder, const char *path, mode_t mode)
{
    place_t place = locate(folder, path);
    if (!place.inside)
        return (int)syscall(SYS_mkdirat, folder, path, mode);
    RECORDED(syscall(SYS_mkdirat, folder, path, mode), note_entry('M', &place, inode(place.path)))
}
API int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

API int unlinkat(int folder, const char *path, int flags)
{
    place_t place = locate(folder, path);
    if (!place.inside)
        return (int)syscall(SYS_unlinkat, folder, path, flags);
    RECORDED(syscall(SYS_unlinkat, folder, path, flags), note_entry('U', &place, 0))
}
API int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
API int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

API int linkat(int old_folder, const char *old, int new_folder, const char *new, int flags)
{
    place_t target = locate(new_folder, new);
    if (!target.inside)
        return (int)syscall(SYS_linkat, old_folder, old, new_folder, new, flags);
    RECORDED(syscall(SYS_linkat, old_folder, old, new_folder, new, flags),
             note_entry('L', &target, inode(target.path)))
}
API int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

API int renameat(int old_folder, const char *old, int new_folder, const char *new)
{
    place_t source = locate(old_folder, old), target = locate(new_folder, new);
    if (!source.inside || !target.inside)
        return (int)syscall(SYS_renameat2, old_folder, old, new_folder, new, 0);
    RECORDED(syscall(SYS_renameat2, old_folder, old, new_folder, new, 0),
             (note_entry('L', &target, inode(target.path)), note_entry('U', &source, 0)))
}
API int rename(const char *old, const char *new) { return renameat(AT_FDCWD, old, AT_FDCWD, new); }

static int is_local(int descriptor)
{
    int domain = 0;
    socklen_t length = sizeof domain;
    return file >= 0 && !getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) && domain == AF_UNIX;
}

API ssize_t send(int descriptor, const void *data, size_t length, int flags)
{
    if (is_local(descriptor)) {
        pthread_mutex_lock(&order);
        note('P', (uint64_t)descriptor, 0, data, length);
        pthread_mutex_unlock(&order);
    }
    return syscall(SYS_sendto, descriptor, data, length, flags, 0, 0);
}

API ssize_t recv(int descriptor, void *data, size_t length, int flags)
{
    ssize_t got = syscall(SYS_recvfrom, descriptor, data, length, flags, 0, 0);
    if (got > 0 && is_local(descriptor)) {
        pthread_mutex_lock(&order);
        note('H', (uint64_t)descriptor, 0, data, (size_t)got);
        pthread_mutex_unlock(&order);
    }
    return got;
}
