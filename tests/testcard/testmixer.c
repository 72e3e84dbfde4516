/* testmixer: the mixer of the test card, as an external control plugin of libasound.
 *
 * Parameter in asound.conf: `directory`, a folder in which
 *     mixer      holds the left and right volume (0 to 46), the capture switch and that of the automatic gain, as four
 *                numbers, and three of the speaker, volumes and switch, where it has one; without it there is no mixer
 *     no_db      lets the mixer tell no decibels, where it exists; else a step is 1 dB, from -16 dB on
 *     stuck      lets nothing be changed, where it exists
 *     unplugged  lets the card be gone
 */
#include <alsa/asoundlib.h>
#include <alsa/control_external.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { VOLUME, SWITCH, AUTOMATIC, LOUDNESS, LOUD, COUNT };
enum { OF_MICROPHONE = 4, ALL = 7 };

static const char *const names[COUNT] = {"Mic Capture Volume", "Mic Capture Switch", "Auto Gain Control",
                                         "Speaker Playback Volume", "Speaker Playback Switch"};
static const int first[COUNT] = {0, 2, 3, 4, 6}, counts[COUNT] = {2, 1, 1, 2, 1};
static const unsigned int decibels[] = {SND_CTL_TLVT_DB_SCALE, 2 * sizeof(int), (unsigned int)-1600, 100};

typedef struct {
    snd_ctl_ext_t ext;
    char directory[PATH_MAX];
} mixer_t;

static void path_of(const mixer_t *mixer, const char *name, char path[PATH_MAX])
{
    if (snprintf(path, PATH_MAX, "%s/%s", mixer->directory, name) >= PATH_MAX)
        *path = 0;
}

static int exists(const mixer_t *mixer, const char *name)
{
    char path[PATH_MAX];
    path_of(mixer, name, path);
    return access(path, F_OK) == 0;
}

/* How many numbers there are, or a negative error. */
static int load(const mixer_t *mixer, long values[ALL])
{
    char path[PATH_MAX];
    path_of(mixer, "mixer", path);
    FILE *file = fopen(path, "re");
    if (!file || exists(mixer, "unplugged")) {
        if (file)
            fclose(file);
        return -ENODEV;
    }
    int found = 0;
    while (found < ALL && fscanf(file, "%ld", values + found) == 1)
        found++;
    fclose(file);
    return found == OF_MICROPHONE || found == ALL ? found : -EIO;
}

static int save(const mixer_t *mixer, const long values[ALL], int count)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    path_of(mixer, "mixer", path);
    path_of(mixer, "mixer.new", fresh);
    FILE *file = fopen(fresh, "we");
    if (!file)
        return -errno;
    for (int index = 0; index < count; index++)
        fprintf(file, index + 1 < count ? "%ld " : "%ld\n", values[index]);
    fclose(file);
    return rename(fresh, path) < 0 ? -errno : 0;
}

static int elem_count(snd_ctl_ext_t *ext)
{
    long values[ALL];
    return load(ext->private_data, values) == OF_MICROPHONE ? LOUDNESS : COUNT;
}

static int elem_list(snd_ctl_ext_t *ext, unsigned int offset, snd_ctl_elem_id_t *id)
{
    (void)ext;
    snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_MIXER);
    snd_ctl_elem_id_set_name(id, names[offset]);
    return 0;
}

static snd_ctl_ext_key_t find_elem(snd_ctl_ext_t *ext, const snd_ctl_elem_id_t *id)
{
    (void)ext;
    for (int key = 0; key < COUNT; key++)
        if (!strcmp(names[key], snd_ctl_elem_id_get_name(id)))
            return key;
    return SND_CTL_EXT_KEY_NOT_FOUND;
}

static int get_attribute(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, int *type, unsigned int *access,
                         unsigned int *count)
{
    *type = key == VOLUME || key == LOUDNESS ? SND_CTL_ELEM_TYPE_INTEGER : SND_CTL_ELEM_TYPE_BOOLEAN;
    *access = SND_CTL_EXT_ACCESS_READWRITE;
    if ((key == VOLUME || key == LOUDNESS) && !exists(ext->private_data, "no_db"))
        *access |= SND_CTL_EXT_ACCESS_TLV_READ;
    *count = counts[key];
    return 0;
}

static int get_integer_info(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *lowest, long *highest, long *step)
{
    (void)ext;
    *lowest = 0;
    *highest = key == VOLUME || key == LOUDNESS ? 46 : 1;
    *step = 1;
    return 0;
}

static int read_integer(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
    long values[ALL];
    int found = load(ext->private_data, values);
    for (int channel = 0; found > 0 && channel < counts[key]; channel++)
        value[channel] = values[first[key] + channel];
    return found < 0 ? found : 0;
}

static int write_integer(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
    long values[ALL];
    int found = load(ext->private_data, values), changed = 0;
    if (found < 0 || exists(ext->private_data, "stuck"))
        return found < 0 ? found : 0;
    for (int channel = 0; channel < counts[key]; channel++) {
        changed |= values[first[key] + channel] != value[channel];
        values[first[key] + channel] = value[channel];
    }
    int error = changed ? save(ext->private_data, values, found) : 0;
    return error ? error : changed;
}

static void subscribe_events(snd_ctl_ext_t *ext, int subscribe)
{
    (void)ext, (void)subscribe;
}

static int read_event(snd_ctl_ext_t *ext, snd_ctl_elem_id_t *id, unsigned int *mask)
{
    (void)ext, (void)id, (void)mask;
    return -EAGAIN;
}

static void close_mixer(snd_ctl_ext_t *ext)
{
    free(ext->private_data);
}

static const snd_ctl_ext_callback_t callbacks = {
    .close = close_mixer,
    .elem_count = elem_count,
    .elem_list = elem_list,
    .find_elem = find_elem,
    .get_attribute = get_attribute,
    .get_integer_info = get_integer_info,
    .read_integer = read_integer,
    .write_integer = write_integer,
    .subscribe_events = subscribe_events,
    .read_event = read_event,
};

SND_CTL_PLUGIN_DEFINE_FUNC(testcard)
{
    snd_config_iterator_t item, next;
    const char *directory = NULL;
    long values[ALL];
    (void)root;
    snd_config_for_each(item, next, conf) {
        snd_config_t *node = snd_config_iterator_entry(item);
        const char *id;
        if (snd_config_get_id(node, &id) >= 0 && !strcmp(id, "directory"))
            snd_config_get_string(node, &directory);
    }
    if (!directory)
        return -EINVAL;
    mixer_t *mixer = calloc(1, sizeof *mixer);
    if (!mixer)
        return -ENOMEM;
    snprintf(mixer->directory, sizeof mixer->directory, "%s", directory);
    int error = load(mixer, values);
    if (error < 0) {
        free(mixer);
        return error;
    }
    mixer->ext.version = SND_CTL_EXT_VERSION;
    mixer->ext.poll_fd = -1;
    mixer->ext.callback = &callbacks;
    mixer->ext.private_data = mixer;
    mixer->ext.tlv.p = decibels;
    strcpy(mixer->ext.id, "testcard");
    strcpy(mixer->ext.driver, "testcard");
    strcpy(mixer->ext.name, "Test card");
    strcpy(mixer->ext.longname, "Test card");
    strcpy(mixer->ext.mixername, "Test card");
    error = snd_ctl_ext_create(&mixer->ext, name, mode);
    if (error < 0) {
        free(mixer);
        return error;
    }
    *handlep = mixer->ext.handle;
    return 0;
}

SND_CTL_PLUGIN_SYMBOL(testcard);
