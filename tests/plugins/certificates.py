"""A certificate authority for tests, and certificates good and bad."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@frozen
class Issued:
    """A certificate and its private key, in one PEM file."""

    path: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context


class Authority:
    """Issues certificates; `path` is its own, as PEM.

    A `plain` one leaves out what RFC 5280 wants and many a small authority does not know.
    """

    def __init__(self, directory: Path, name: str = "Test Authority", plain: bool = False) -> None:
        self._plain = plain
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 1000 * _DAY)
            .not_valid_after(now + 1000 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        if not plain:
            builder = builder.add_extension(_SIGNS, critical=True)
        certificate = self._identified(builder, self._key, self._key)
        self.path = directory / "authority.pem"
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, name: str, *, host: str = "127.0.0.1", from_day: float = -1, to_day: float = 30, self_signed: bool = False
    ) -> Issued:
        """Issue a certificate for an address or a host name, valid between two days counted from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            alternative = x509.DNSName(host)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + from_day * _DAY)
            .not_valid_after(now + to_day * _DAY)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        )
        certificate = self._identified(builder, key, key if self_signed else self._key)
        path = self._directory / f"{name}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return Issued(path)

    def _identified(
        self,
        builder: x509.CertificateBuilder,
        key: ec.EllipticCurvePrivateKey,
        issuer: ec.EllipticCurvePrivateKey,
    ) -> x509.Certificate:
        """Signed by the issuer, with the names of both keys in it."""
        if not self._plain:
            ours, theirs = x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier
            builder = builder.add_extension(ours.from_public_key(key.public_key()), critical=False)
            builder = builder.add_extension(theirs.from_issuer_public_key(issuer.public_key()), critical=False)
        return builder.sign(issuer, hashes.SHA256())
