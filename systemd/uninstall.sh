#!/bin/sh
# Remove the appliance. Recordings in /var/lib/appliance and the configuration in /etc/appliance stay.
set -eu
[ "$(id -u)" = 0 ] || { echo "appliance: uninstalling needs root. Run: sudo make uninstall" >&2; exit 1; }

if [ -d /run/systemd/system ]; then
    systemctl disable --now --quiet appliance appliance-web appliance-settings.socket || true
else
    systemctl disable --quiet appliance appliance-web appliance-settings.socket || true
fi
rm -f /etc/systemd/system/appliance.service /etc/systemd/system/appliance-web.service \
    /etc/systemd/system/appliance-settings.socket /etc/systemd/system/appliance-settings@.service /usr/local/bin/appliance /usr/lib/sysusers.d/appliance.conf
rm -f /etc/polkit-1/rules.d/50-appliance-web.rules
rm -rf /opt/appliance /usr/local/share/appliance
rm -f /usr/local/share/man/man1/appliance.1 /usr/local/share/bash-completion/completions/appliance \
    /usr/local/share/zsh/site-functions/_appliance /usr/local/share/fish/vendor_completions.d/appliance.fish
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
echo "The appliance is gone. Recordings are still in /var/lib/appliance, the configuration in /etc/appliance."
