"""A link whose both sides must show a certificate of the network: nodes meet, strangers do not even get to speak."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ops.testing import NodeFactory

DAY = datetime.timedelta(days=1)


def certificate(
    folder: Path, name: str, issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None
) -> x509.Name:
    """Write `name`.crt and `name`.key; without an issuer an authority that signs itself. Gives the subject."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name, issuer_key = issuer or (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    )
    signed = builder.sign(issuer_key, hashes.SHA256())
    (folder / f"{name}.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return subject


def authority(folder: Path, name: str) -> tuple[x509.Name, ec.EllipticCurvePrivateKey]:
    subject = certificate(folder, name)
    key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return subject, key


def test_nodes_with_certificates_are_linked_and_strangers_are_turned_away(
    node_factory: NodeFactory, tmp_path: Path
) -> None:
    certificate(tmp_path, "node", authority(tmp_path, "network"))
    certificate(tmp_path, "stranger", authority(tmp_path, "elsewhere"))
    files = {"CERT": "node.crt", "KEY": "node.key", "CA": "network.crt"}
    extra = {f"LEITSTELLE_LINK_TLS_{name}": str(tmp_path / file) for name, file in files.items()}
    network = node_factory.make_pair(processes=["link"], extra=extra)
    try:
        jena = network["jena"]
        assert jena.link_url.startswith("wss://")
        assert set(network.states().values()) == {("up", 0)}
        address = f"https://127.0.0.1:{jena.link_port}/health"
        stranger = ssl.create_default_context(cafile=str(tmp_path / "network.crt"))
        with pytest.raises((ssl.SSLError, urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(address, timeout=5, context=stranger)
        stranger.load_cert_chain(tmp_path / "stranger.crt", tmp_path / "stranger.key")
        with pytest.raises((ssl.SSLError, urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(address, timeout=5, context=stranger)
        assert jena.healthy("link")
    finally:
        network.stop()
