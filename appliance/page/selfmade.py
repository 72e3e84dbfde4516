"""A certificate of the box's own making, for whoever has none: encrypted, and recognised by its fingerprint."""

import os
import socket
from pathlib import Path

from appliance.durable import make_directory
from appliance.errors import ConfigError, StorageError
from appliance.sums import sha256
from appliance.values import frozen

DAYS = 3650
"""How long it holds."""

_NAMES = ("page.pem", "page.key")
_PATIENCE = 60.0


@frozen
class Certificate:
    """The files of a certificate and its private key, as PEM."""

    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate (DER), as browsers show it: `AB:CD:...`. Raises ConfigError."""
        import ssl

        try:
            text = self.certificate.read_text()
            begin = text.index("-----BEGIN CERTIFICATE-----")
            end = text.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
            digest = sha256(ssl.PEM_cert_to_DER_cert(text[begin:end])).hexdigest().upper()
        except (OSError, ValueError) as error:
            raise ConfigError(f"the certificate {self.certificate} cannot be read: {error}") from error
        return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def self_made(folder: Path, names: tuple[str, ...] = ()) -> Certificate:
    """The box's own certificate in `folder`; made by `openssl` where there is none yet.

    It is for the host name, that with `.local`, `names` and `localhost`, and stays the same for as long as it lies
    there: whoever has accepted its fingerprint once need not again. Raises ConfigError, StorageError.
    """
    made = Certificate(*(folder / name for name in _NAMES))
    if made.certificate.exists() and made.key.exists():
        return made
    import subprocess

    own = socket.gethostname().split(".")[0]
    wanted = ",".join(f"DNS:{name}" for name in dict.fromkeys((own, f"{own}.local", "localhost", *names)))
    fresh = Certificate(*(folder / f".{name}.partial" for name in _NAMES))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-sha256"]
    command += ["-noenc", "-days", str(DAYS), "-subj", f"/CN={own}", "-addext", f"subjectAltName={wanted}"]
    command += ["-addext", "extendedKeyUsage=serverAuth", "-out", str(fresh.certificate), "-keyout", str(fresh.key)]
    try:
        make_directory(folder, mode=0o700)
        mask = os.umask(0o077)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
        finally:
            os.umask(mask)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it does not say why"])[-1]
            raise ConfigError(f"web.self_made: openssl makes no certificate: {reason}")
        fresh.key.replace(made.key)
        fresh.certificate.replace(made.certificate)
    except FileNotFoundError as error:
        raise ConfigError("web.self_made needs openssl: sudo apt install openssl") from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError("web.self_made: openssl does not come to an end") from error
    except OSError as error:
        raise StorageError(f"no certificate can be kept in {folder}: {error.strerror}") from error
    return made
