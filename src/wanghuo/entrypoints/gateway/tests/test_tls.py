"""The TCP port with TLS: devices with and without a certificate, and what a certificate speaks for."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wanghuo.entrypoints.gateway.ports import Ports, TlsUnusable, listening_socket, tls
from wanghuo.entrypoints.gateway.tests.test_gateway import SOURCE, answer, gateway
from wanghuo.modules.sensing.contracts import TRUSTS
from wanghuo.modules.sensing.testing import unit_frame

OTHER = "ea0300000000"
BEGUN = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """Issues certificates into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self._serial = 1
        self.file = self._write("authority", self._sign(self._name, self._key.public_key(), ca=True))

    def _sign(self, name: x509.Name, key, *, ca: bool = False) -> bytes:
        self._serial += 1
        made = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key)
        made = made.serial_number(self._serial).not_valid_before(BEGUN).not_valid_after(BEGUN + timedelta(36500))
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _write(self, name: str, data: bytes) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(data)
        return path

    def issue(self, name: str) -> Path:
        """A certificate of this name, with its key, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._write(name, self._sign(subject, key.public_key()) + private)

    def client(self, name: str = "") -> ssl.SSLContext:
        """A device's side, with a certificate of this name or without."""
        context = ssl.create_default_context(cafile=str(self.file))
        if name:
            context.load_cert_chain(self.issue(name))
        return context


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "trusts"),
    [
        ("", ["none", "none"]),
        (SOURCE, ["tls", "none"]),
        (SOURCE.upper(), ["tls", "none"]),
        ("county box", ["tls", "tls"]),
    ],
)
async def test_a_certificate_of_a_device_speaks_for_it_and_one_of_an_aggregator_for_all(tmp_path, name, trusts) -> None:
    authority = Authority(tmp_path)
    context = tls(authority.issue("gateway"), None, authority.file)
    async with gateway(tmp_path, known=[SOURCE, OTHER]) as gate:
        tcp = listening_socket("127.0.0.1:0")
        listener = await gate.server.listen(Ports(tcp, tls=context))
        reader, writer = await asyncio.open_connection(*tcp.getsockname(), ssl=authority.client(name))
        frames = [unit_frame(source, b"", serial=n) for n in range(3) for source in (SOURCE, OTHER)]
        writer.write(b"".join(frames))
        answers = await answer(reader, 180)
        assert [answers[at + 26] for at in range(0, 180, 30)] == [3] * 6
        assert gate.stored() == frames
        (link,) = gate.server.links
        assert [TRUSTS[link.sources[bytes.fromhex(source)]] for source in (SOURCE, OTHER)] == trusts
        writer.close()
        listener.close()


@pytest.mark.asyncio
async def test_a_strangers_certificate_and_plain_bytes_are_turned_away_and_others_served(tmp_path) -> None:
    (tmp_path / "other").mkdir()
    authority, stranger = Authority(tmp_path), Authority(tmp_path / "other")
    context = tls(authority.issue("gateway"), None, authority.file)
    async with gateway(tmp_path, known=[SOURCE], handshake_s=1.0) as gate:
        tcp = listening_socket("127.0.0.1:0")
        listener = await gate.server.listen(Ports(tcp, tls=context))
        forged = ssl.create_default_context(cafile=str(authority.file))
        forged.load_cert_chain(stranger.issue(SOURCE))
        reader, writer = await asyncio.open_connection(*tcp.getsockname(), ssl=forged)
        writer.write(unit_frame(SOURCE, b""))
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await answer(reader)
        reader, plain = await asyncio.open_connection(*tcp.getsockname())
        plain.write(unit_frame(SOURCE, b""))
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await answer(reader)
        reader, good = await asyncio.open_connection(*tcp.getsockname(), ssl=authority.client())
        good.write(unit_frame(SOURCE, b"", serial=9))
        assert (await answer(reader))[2] == 9
        assert len(gate.stored()) == 1
        for wire in (writer, plain, good):
            wire.close()
        listener.close()


def test_files_that_are_no_certificate_are_named(tmp_path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    for file in (tmp_path / "x.pem", tmp_path / "missing.pem"):
        with pytest.raises(TlsUnusable):
            tls(file, None, None)
