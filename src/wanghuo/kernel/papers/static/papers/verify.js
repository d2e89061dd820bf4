// Computes the SHA-256 of a chosen file in the browser and compares it with the page, or asks for it by its digest. Nothing is sent
// but the digest. Where the browser gives no WebCrypto (a page without TLS) the digest is computed here (FIPS 180-4).

const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((p) => n % p)) PRIMES.push(n);
const fraction = (root) => ((root - Math.floor(root)) * 4294967296) | 0;
const K = PRIMES.map((p) => fraction(Math.cbrt(p)));
const START = PRIMES.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
const turn = (word, by) => (word >>> by) | (word << (32 - by));

function block(state, view, at, w) {
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + i * 4);
  for (let i = 16; i < 64; i++) {
    const a = w[i - 15], b = w[i - 2];
    w[i] = (w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] = (state[i] + word) | 0; });
}

export function sha256(buffer) {
  const size = buffer.byteLength, rest = size % 64, whole = size - rest;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  tail.set(new Uint8Array(buffer, whole));
  tail[rest] = 0x80;
  const end = new DataView(tail.buffer);
  end.setUint32(tail.length - 8, Math.floor(size / 536870912));
  end.setUint32(tail.length - 4, (size << 3) >>> 0);
  const state = START.slice(), w = new Int32Array(64), view = new DataView(buffer);
  for (let at = 0; at < whole; at += 64) block(state, view, at, w);
  for (let at = 0; at < tail.length; at += 64) block(state, end, at, w);
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

async function digest(file) {
  const buffer = await file.arrayBuffer();
  if (!globalThis.crypto?.subtle) return sha256(buffer);
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const input = globalThis.document?.querySelector("[data-verify-file]");
input?.addEventListener("change", async () => {
  const [file] = input.files, answer = document.querySelector("[data-verify-answer]");
  if (!file) return;
  answer.textContent = input.dataset.busy;
  answer.className = "";
  const found = await digest(file), expected = document.querySelector("[data-digest]")?.dataset.digest;
  if (!expected) {
    location.assign(`/p/verify?sha256=${found}`);
    return;
  }
  const same = found === expected;
  answer.textContent = same ? input.dataset.same : input.dataset.other;
  answer.className = same ? "note success" : "note error";
});
