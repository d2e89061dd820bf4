"""Checkpoints: how long the log was and what its root was, signed as a C2SP note, which existing tools read."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wanghuo.base import Invalid, Text

ED25519 = b"\x01"


class BadCheckpoint(Invalid):
    """The text is no checkpoint, or its signature does not hold."""

    code = "audit.bad_checkpoint"
    text = Text("检查点无效：{why}", "The checkpoint is not valid: {why}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` held `size` entries whose Merkle root was `root`."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> bytes:
        """The signed text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def key_id(origin: str, public: bytes) -> bytes:
    """The first 4 bytes of SHA-256(origin ‖ 0A ‖ 01 ‖ public key)."""
    return hashlib.sha256(origin.encode() + b"\n" + ED25519 + public).digest()[:4]


def public_key_of(private_key: bytes) -> bytes:
    """The 32 bytes that check what the 32 bytes of `private_key` sign."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def verifier_key(origin: str, public_key: bytes) -> str:
    """The public key in the written form of signed notes: origin+key id+key."""
    return f"{origin}+{key_id(origin, public_key).hex()}+{base64.b64encode(ED25519 + public_key).decode()}"


def sign_checkpoint(origin: str, size: int, root: bytes, private_key: bytes) -> str:
    """The signed note of a checkpoint; `private_key`: 32 raw bytes of Ed25519."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    checkpoint = Checkpoint(origin, size, root)
    signature = key_id(origin, key.public_key().public_bytes_raw()) + key.sign(checkpoint.body)
    return f"{checkpoint.body.decode()}\n— {origin} {base64.b64encode(signature).decode()}\n"


def read_checkpoint(note: str) -> Checkpoint:
    """What a note says, its signature not checked. Raises BadCheckpoint."""
    lines = note.split("\n")
    try:
        origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
        if not origin or not size.isdigit() or len(root) != 32 or lines[3] != "":
            raise ValueError
        return Checkpoint(origin, int(size), root)
    except (IndexError, ValueError, binascii.Error):
        raise BadCheckpoint(why=Text("格式不对", "not in the right form")) from None


def split_notes(text: str) -> list[str]:
    """The notes of a file that holds several, one after another, oldest first."""
    notes: list[str] = []
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n"):
        if lines and lines[-1].startswith("— ") and not line.startswith("— "):
            notes.append("\n".join([*lines, ""]))
            lines = []
        if line or lines:
            lines.append(line)
    return [*notes, "\n".join(lines)] if lines else notes


def verify_checkpoint(note: str, public_key: bytes) -> Checkpoint:
    """What a note says, after its signature was found to hold. Raises BadCheckpoint."""
    checkpoint = read_checkpoint(note)
    wanted = key_id(checkpoint.origin, public_key)
    for line in note.split("\n")[4:]:
        if not line.startswith(f"— {checkpoint.origin} "):
            continue
        try:
            raw = base64.b64decode(line.rsplit(" ", 1)[1], validate=True)
        except (ValueError, binascii.Error):
            continue
        if raw[:4] != wanted:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(raw[4:], checkpoint.body)
        except InvalidSignature:
            raise BadCheckpoint(why=Text("签名不符", "the signature does not hold")) from None
        return checkpoint
    raise BadCheckpoint(why=Text("没有本日志的签名", "no signature of this log"))
