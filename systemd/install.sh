#!/bin/sh
# Install or upgrade the appliance on Raspberry Pi OS or Debian: packages, program, user, unit, configuration.
# Run it again at any time; a configuration and recordings that are there stay as they are.
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "appliance: installing needs root. Run: sudo make install" >&2; exit 1; }

# Everything from Debian that Debian has new enough; pip brings the rest. lgpio is in Raspberry Pi OS only.
packages="python3-venv python3-hatchling python3-attr python3-cattr python3-click python3-numpy \
python3-pluggy python3-yaml python3-requests python3-alsaaudio python3-soundfile python3-soxr python3-gpiozero \
python3-boto3 python3-bottle python3-cheroot python3-segno systemd"
apt-get update -qq
if apt-cache show python3-lgpio >/dev/null 2>&1; then packages="$packages python3-lgpio"; fi
echo "Installing Debian packages: $packages"
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null

echo "Installing the program in /opt/appliance"
python3 -m venv --system-site-packages /opt/appliance
/opt/appliance/bin/pip install --quiet --no-build-isolation --upgrade --upgrade-strategy only-if-needed ".[s3,web]"
ln -sf /opt/appliance/bin/appliance /usr/local/bin/appliance
find share -type f | while read -r file; do install -D -m 644 "$file" "/usr/local/$file"; done

echo "Creating the users appliance, in the groups audio and gpio, and appliance-web"
install -D -m 644 systemd/appliance.sysusers.conf /usr/lib/sysusers.d/appliance.conf
systemd-sysusers appliance.conf
if [ -n "${SUDO_USER:-}" ]; then
    usermod -aG appliance "$SUDO_USER"
    echo "$SUDO_USER may control the appliance after logging in again."
fi

# The recorder's unit keeps it from writing there; what changes settings for the page runs as the same user.
install -d -m 750 -o appliance -g appliance /etc/appliance
if [ -e /etc/appliance/config.yaml ]; then
    echo "Keeping /etc/appliance/config.yaml"
else
    echo "Writing /etc/appliance/config.yaml"
    install -m 640 -o appliance -g appliance config.example.yaml /etc/appliance/config.yaml
fi

echo "Installing the service appliance"
install -m 644 systemd/appliance.service systemd/appliance-web.service systemd/appliance-settings.socket \
    systemd/appliance-settings@.service /etc/systemd/system/
install -d -m 700 -o appliance-web -g appliance /var/lib/appliance-web
# What the page may ask of systemd: clock, time zone, restart, power.
install -D -m 644 systemd/appliance-web.rules /etc/polkit-1/rules.d/50-appliance-web.rules
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable --quiet appliance
    systemctl restart appliance || {
        echo "appliance: the service does not start. See why: sudo journalctl -u appliance -n 20" >&2
        exit 1
    }
    if systemctl is-enabled --quiet appliance-web 2>/dev/null; then systemctl restart appliance-web; fi
    echo "The appliance runs. Next: appliance status, appliance devices, sudo nano /etc/appliance/config.yaml"
else
    systemctl enable --quiet appliance
    echo "systemd does not run here; the appliance starts with the machine."
fi
