/* testcard: a sound card without hardware, as an external PCM of libasound (ioplug).
 *
 * It keeps time by CLOCK_MONOTONIC and has a real ring: a reader that comes too late gets -EPIPE and has lost what the
 * ring held. What it captures carries its own frame numbers, the signal of `appliance.simulation.sound.numbered`; they
 * count from the first start in this process and go on while nobody reads, so that a checker counts every lost frame.
 *
 * Parameters in asound.conf: `directory`, a folder in which
 *     unplugged       makes every call fail with -ENODEV while it exists
 *     stalled         lets the microphone deliver nothing while it exists, and go on behind what it lost without a word
 *     silent          lets it deliver digital zero while it exists
 *     hangs           keeps it from being closed while it exists
 *     capture.lock    is held while the microphone is open (a second opening gets -EBUSY), playback.lock likewise
 *     played.raw      gets everything written to the speaker; what is taken back or dropped before it sounds goes again
 *     starts          gets a line whenever the speaker starts: the frame of played.raw that sounds first, and when, as a
 *                     frame number
 *     switched_on     gets the CLOCK_MONOTONIC, in ns, of frame number 0 whenever the microphone starts
 *     rate            holds the only rate that the card can do, where it exists; channels and format (the name that
 *                     ALSA gives it, such as S24_3LE) likewise
 * and `ppm`, how many parts per million the card's crystal is too fast.
 */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

typedef struct {
    snd_pcm_ioplug_t io;
    char unplugged[PATH_MAX];
    char stalled[PATH_MAX];
    char silent[PATH_MAX];
    char switched_on[PATH_MAX];
    char hangs[PATH_MAX];
    int lock, played, starts, timer;
    int running;
    pthread_mutex_t turning; /* held where `running` changes and where the timer is read: ioplug polls without a lock */
    long ppm;
    snd_pcm_uframes_t enough; /* frames that a reader wants to be woken for (avail_min) */
    int64_t started;       /* CLOCK_MONOTONIC in ns */
    int64_t stalled_since; /* the same; 0 where it is not stalled */
    int64_t base;          /* byte of played.raw at which the stream that is prepared begins */
    uint64_t first_number; /* frame number at the start */
} card_t;

static int64_t switched_on; /* CLOCK_MONOTONIC in ns of the first start in this process */

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static uint64_t frames_since(const card_t *card, int64_t start)
{
    __int128 scaled = (__int128)(now() - start) * card->io.rate * (1000000 + card->ppm);
    return (uint64_t)(scaled / SECOND / 1000000);
}

/* Frames since the start. A microphone moves in whole periods, as a card does that interrupts once a period: were it to
 * move frame by frame, libasound would read frame by frame in a busy loop. */
static uint64_t position(const card_t *card)
{
    uint64_t frames = frames_since(card, card->started);
    return card->io.stream == SND_PCM_STREAM_CAPTURE ? frames - frames % card->io.period_size : frames;
}

static int64_t frame_bytes(const snd_pcm_ioplug_t *io)
{
    return io->channels * snd_pcm_format_physical_width(io->format) / 8;
}

static int is_unplugged(const card_t *card)
{
    return access(card->unplugged, F_OK) == 0;
}

static int is_stalled(const card_t *card)
{
    return card->io.stream == SND_PCM_STREAM_CAPTURE && access(card->stalled, F_OK) == 0;
}

/* How long so many frames sound, in ns. */
static int64_t lasting(const card_t *card, uint64_t frames)
{
    int64_t rate = (int64_t)card->io.rate * (1000000 + card->ppm);
    return ((__int128)frames * SECOND * 1000000 + rate - 1) / rate;
}

/* Let the timer fire once so many frames have sounded since the start, and at the end of every period from then on. */
static int set_timer(card_t *card, uint64_t frames)
{
    int64_t first = card->started + lasting(card, frames), period = lasting(card, card->io.period_size);
    struct itimerspec times = {
        .it_value = {first / SECOND, first % SECOND},
        .it_interval = {period / SECOND, period % SECOND},
    };
    return timerfd_settime(card->timer, TFD_TIMER_ABSTIME, &times, NULL) < 0 ? -errno : 0;
}

/* Run, or stop: then whoever waits wakes at once. */
static int turn(card_t *card, int running)
{
    struct itimerspec at_once = {.it_value = {.tv_nsec = 1}};
    pthread_mutex_lock(&card->turning);
    card->running = running;
    int result = running                                               ? set_timer(card, card->io.period_size)
                 : timerfd_settime(card->timer, 0, &at_once, NULL) < 0 ? -errno
                                                                       : 0;
    pthread_mutex_unlock(&card->turning);
    return result;
}

static int card_prepare(snd_pcm_ioplug_t *io)
{
    card_t *card = io->private_data;
    card->base = lseek(card->played, 0, SEEK_END);
    return is_unplugged(card) ? -ENODEV : 0;
}

/* Say which frame of played.raw sounds first, and at which frame number. */
static void tell_start(const card_t *card)
{
    long long first = card->base / frame_bytes(&card->io);
    dprintf(card->starts, "%lld %llu\n", first, (unsigned long long)card->first_number);
}

/* Say when frame number 0 sounded. */
static void tell_switched_on(const card_t *card)
{
    int file = open(card->switched_on, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return;
    dprintf(file, "%lld\n", (long long)switched_on);
    close(file);
}

static int card_start(snd_pcm_ioplug_t *io)
{
    card_t *card = io->private_data;
    if (is_unplugged(card))
        return -ENODEV;
    card->started = now();
    card->stalled_since = 0;
    if (!switched_on)
        switched_on = card->started;
    card->first_number = frames_since(card, switched_on);
    if (io->stream == SND_PCM_STREAM_PLAYBACK)
        tell_start(card);
    else
        tell_switched_on(card);
    return turn(card, 1);
}

static int card_stop(snd_pcm_ioplug_t *io)
{
    card_t *card = io->private_data;
    if (card->running && io->stream == SND_PCM_STREAM_PLAYBACK) {
        int64_t sounded = position(card), written = io->appl_ptr;
        if (ftruncate(card->played, card->base + (sounded < written ? sounded : written) * frame_bytes(io)) < 0)
            return -errno;
    }
    return turn(card, 0);
}

/* Whether it delivers nothing; as it does again, it goes on where it was, later by what was lost. */
static int stalls(card_t *card)
{
    int stalled = is_stalled(card);
    if (stalled && !card->stalled_since)
        card->stalled_since = now();
    if (!stalled && card->stalled_since) {
        card->first_number += frames_since(card, card->stalled_since);
        card->started += now() - card->stalled_since;
        card->stalled_since = 0;
    }
    return stalled;
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
    card_t *card = io->private_data;
    if (is_unplugged(card)) {
        snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
        return io->hw_ptr;
    }
    if ((io->state != SND_PCM_STATE_RUNNING && io->state != SND_PCM_STATE_DRAINING) || stalls(card))
        return io->hw_ptr;
    uint64_t moved = position(card);
    uint64_t limit = io->appl_ptr + (io->stream == SND_PCM_STREAM_CAPTURE ? io->buffer_size : 0);
    return moved >= limit ? -EPIPE : (snd_pcm_sframes_t)moved;
}

static int16_t upper_bits(uint64_t number)
{
    return number & 1 ? (((number >> 16) + 1) & 0x7FFF) << 1 : ((number >> 1 & 0x7FFF) << 1) | 1;
}

static snd_pcm_sframes_t card_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
                                       snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
    card_t *card = io->private_data;
    int width = snd_pcm_format_physical_width(io->format) / 8;
    uint8_t *bytes = (uint8_t *)areas->addr + (areas->first + areas->step * offset) / 8;
    if (is_unplugged(card))
        return -ENODEV;
    if (io->stream == SND_PCM_STREAM_PLAYBACK) {
        ssize_t written = pwrite(card->played, bytes, size * io->channels * width,
                                 card->base + (int64_t)io->appl_ptr * frame_bytes(io));
        return written < 0 ? -errno : (snd_pcm_sframes_t)(written / (io->channels * width));
    }
    if (access(card->silent, F_OK) == 0) {
        memset(bytes, 0, size * io->channels * width);
        return size;
    }
    uint64_t number = card->first_number + io->appl_ptr;
    for (uint64_t end = number + size; number < end; number++)
        for (unsigned channel = 0; channel < io->channels; channel++) {
            uint32_t sample = (uint32_t)upper_bits(number) << 16 | (number & 0xFFFF);
            if (channel & 1)
                sample = ~sample;
            for (int byte = 4 - width; byte < 4; byte++)
                *bytes++ = sample >> 8 * byte;
        }
    return size;
}

static int has_work(const card_t *card)
{
    const snd_pcm_ioplug_t *io = &card->io;
    if (!card->running || is_unplugged(card))
        return 1;
    if (is_stalled(card))
        return 0;
    int64_t room = io->stream == SND_PCM_STREAM_CAPTURE ? 0 : io->buffer_size;
    int64_t enough = io->stream == SND_PCM_STREAM_CAPTURE ? card->enough : io->period_size;
    return (int64_t)position(card) - (int64_t)io->appl_ptr + room >= enough;
}

/* Let a microphone's timer fire next when enough is there, as a card wakes nobody before, and where it is stalled to see
 * now and then whether it still is; a speaker's goes on. */
static int wait_on(card_t *card)
{
    uint64_t expirations, enough = card->io.appl_ptr + card->enough + card->io.period_size - 1;
    if (is_stalled(card))
        return set_timer(card, frames_since(card, card->started) + card->io.rate / 4);
    if (card->io.stream == SND_PCM_STREAM_CAPTURE)
        return set_timer(card, enough - enough % card->io.period_size);
    return read(card->timer, &expirations, sizeof expirations) < 0 && errno != EAGAIN ? -errno : 0;
}

static int card_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
    card_t *card = io->private_data;
    pthread_mutex_lock(&card->turning);
    int failed = snd_pcm_sw_params_get_avail_min(params, &card->enough);
    if (!failed && card->running && io->stream == SND_PCM_STREAM_CAPTURE)
        failed = wait_on(card); /* who has lost patience wakes for less than was waited for */
    pthread_mutex_unlock(&card->turning);
    return failed;
}

/* The timer is put off only where there is nothing to do: as long as there is, whoever polls must wake at once. */
static int card_poll_revents(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned int count, unsigned short *revents)
{
    card_t *card = io->private_data;
    (void)fds, (void)count;
    pthread_mutex_lock(&card->turning);
    *revents = has_work(card) ? (io->stream == SND_PCM_STREAM_CAPTURE ? POLLIN : POLLOUT) : 0;
    int failed = *revents ? 0 : wait_on(card);
    pthread_mutex_unlock(&card->turning);
    return failed;
}

static int card_close(snd_pcm_ioplug_t *io)
{
    card_t *card = io->private_data;
    while (access(card->hangs, F_OK) == 0)
        usleep(10000);
    close(card->timer);
    close(card->lock);
    close(card->played);
    close(card->starts);
    free(card);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .prepare = card_prepare,
    .start = card_start,
    .stop = card_stop,
    .pointer = card_pointer,
    .transfer = card_transfer,
    .sw_params = card_sw_params,
    .poll_revents = card_poll_revents,
    .close = card_close,
};

static void read_rates(const char *directory, unsigned int *lowest, unsigned int *highest)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/rate", directory);
    FILE *file = fopen(path, "re");
    unsigned int rate;
    if (!file)
        return;
    if (fscanf(file, "%u", &rate) == 1)
        *lowest = *highest = rate;
    fclose(file);
}

static void read_word(const char *directory, const char *name, char word[16])
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    *word = 0;
    if (!file)
        return;
    if (fscanf(file, "%15s", word) != 1)
        *word = 0;
    fclose(file);
}

static int set_limits(snd_pcm_ioplug_t *io, const char *directory)
{
    unsigned int lowest = 8000, highest = 192000;
    char word[16];
    read_rates(directory, &lowest, &highest);
    unsigned int accesses[] = {SND_PCM_ACCESS_RW_INTERLEAVED};
    unsigned int formats[] = {SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S24_3LE, SND_PCM_FORMAT_S32_LE};
    int error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 1, accesses);
    read_word(directory, "format", word);
    if (*word)
        formats[0] = snd_pcm_format_value(word);
    if (error >= 0)
        error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, *word ? 1 : 3, formats);
    if (error >= 0)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, 1, 2);
    read_word(directory, "channels", word);
    if (error >= 0 && *word)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, atoi(word), atoi(word));
    if (error >= 0)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, lowest, highest);
    if (error >= 0)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 64, 1 << 20);
    if (error >= 0)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 1024);
    if (error >= 0)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 128, 1 << 24);
    return error;
}

static int open_files(card_t *card, const char *directory, snd_pcm_stream_t stream)
{
    char path[PATH_MAX];
    snprintf(card->unplugged, sizeof card->unplugged, "%s/unplugged", directory);
    snprintf(card->stalled, sizeof card->stalled, "%s/stalled", directory);
    snprintf(card->silent, sizeof card->silent, "%s/silent", directory);
    snprintf(card->switched_on, sizeof card->switched_on, "%s/switched_on", directory);
    snprintf(card->hangs, sizeof card->hangs, "%s/hangs", directory);
    if (is_unplugged(card))
        return -ENODEV;
    snprintf(path, sizeof path, "%s/%s.lock", directory, stream == SND_PCM_STREAM_CAPTURE ? "capture" : "playback");
    card->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (card->lock < 0)
        return -errno;
    if (flock(card->lock, LOCK_EX | LOCK_NB) < 0)
        return -EBUSY;
    snprintf(path, sizeof path, "%s/played.raw", directory);
    card->played = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    snprintf(path, sizeof path, "%s/starts", directory);
    card->starts = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    card->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return card->played < 0 || card->starts < 0 || card->timer < 0 ? -errno : 0;
}

SND_PCM_PLUGIN_DEFINE_FUNC(testcard)
{
    snd_config_iterator_t item, next;
    const char *directory = NULL;
    long ppm = 0;
    (void)root;
    snd_config_for_each(item, next, conf) {
        snd_config_t *node = snd_config_iterator_entry(item);
        const char *id;
        if (snd_config_get_id(node, &id) < 0)
            continue;
        if (!strcmp(id, "directory"))
            snd_config_get_string(node, &directory);
        else if (!strcmp(id, "ppm"))
            snd_config_get_integer(node, &ppm);
    }
    if (!directory)
        return -EINVAL;
    card_t *card = calloc(1, sizeof *card);
    if (!card)
        return -ENOMEM;
    card->lock = card->played = card->starts = card->timer = -1;
    card->ppm = ppm;
    pthread_mutex_init(&card->turning, NULL);
    int error = open_files(card, directory, stream);
    card->io.version = SND_PCM_IOPLUG_VERSION;
    card->io.name = "Test card";
    card->io.callback = &callbacks;
    card->io.private_data = card;
    card->io.poll_fd = card->timer;
    card->io.poll_events = POLLIN;
    card->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC | SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
    if (error >= 0)
        error = snd_pcm_ioplug_create(&card->io, name, stream, mode);
    if (error < 0) {
        card_close(&card->io);
        return error;
    }
    error = set_limits(&card->io, directory);
    if (error < 0) {
        snd_pcm_ioplug_delete(&card->io);
        return error;
    }
    *pcmp = card->io.pcm;
    return 0;
}

SND_PCM_PLUGIN_SYMBOL(testcard);
