"""The digital signature of a sealed PDF (PAdES-like, PKCS#7 detached), by the key of this deployment.

The key lies with the others under WANGHUO_HOME/keys, made on first use, readable by the owner alone. Its certificate is its own:
what it proves is that this deployment sealed the file and that nobody changed it since. A deployment that has a certificate from
a licensed authority puts key and certificate (PEM) into the same file.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings

from wanghuo.kernel.crypto import keyfiles

_FILE = "papers_signing.pem"
BITS, YEARS = 3072, 10
FIELD = "Seal"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a PDF says: signed by this deployment (`ours`), unchanged since (`intact`), by whom and for what."""

    signed: bool
    intact: bool = False
    ours: bool = False
    reason: str = ""


def sign(pdf: bytes, *, reason: str, name: str) -> bytes:
    """The PDF with our signature over every byte of it, for `reason`, in the name of a body."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    meta = signers.PdfSignatureMetadata(field_name=FIELD, reason=reason, name=name, md_algorithm="sha256")
    out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=_signer())
    return bytes(out.getvalue())


def check(pdf: bytes) -> Checked:
    """Whether a PDF carries our signature and is unchanged since. What is no PDF, or carries none, is not signed."""
    from pyhanko.pdf_utils.misc import PdfReadError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    try:
        found = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    except (PdfReadError, ValueError, KeyError, IndexError):
        return Checked(signed=False)
    if not found:
        return Checked(signed=False)
    trust = ValidationContext(trust_roots=[_signer().signing_cert], allow_fetching=False)
    status = validate_pdf_signature(found[-1], trust)
    whole = bool(status.intact and status.valid and status.coverage and status.coverage.name == "ENTIRE_FILE")
    reason = str(found[-1].sig_object.get("/Reason", ""))
    return Checked(signed=True, intact=whole, ours=whole and bool(status.trusted), reason=reason)


def certificate_pem() -> str:
    """The certificate that checks our signatures, for whoever wants to check them elsewhere."""
    text = _text()
    return text[text.index("-----BEGIN CERTIFICATE") :]


def _text() -> str:
    return keyfiles.text(Path(settings.KEYS) / _FILE, _make)


@cache
def _signer() -> Any:
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    text = _text()
    key = load_private_key_from_pemder_data(text.encode(), passphrase=None)
    certificate = next(iter(load_certs_from_pemder_data(certificate_pem().encode())))
    return signers.SimpleSigner(certificate, key, cert_registry=SimpleCertificateStore())  # type: ignore[no-untyped-call]


def _make() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Wanghuo 望火"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"公文签章 {settings.REGION}"),
        ]
    )
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * YEARS + 3))
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()
