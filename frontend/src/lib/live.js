// The live connection of a page: server-sent events by channel, in order and without gaps.
//
// Each event has a sequence number. A heartbeat comes every 5 s; after 15 s without one the connection counts as lost, the page
// polls /live/since every 5 s, and goes on trying the stream. What was missed comes by number, so nothing is lost or seen twice.
//
//   const live = connect("alarms");
//   live.on("event", ({ kind, payload, seq }) => …);   live.on("state", ({ state, silentFor }) => …);   live.on("caughtup", …)

const LOST_AFTER_MS = 15_000;
const LATE_AFTER_MS = 8_000;
const POLL_EVERY_MS = 5_000;
const WATCH_EVERY_MS = 1_000;

const connections = new Map();

/** The connection to `channel`, shared by everything on the page. */
export function connect(channel, { after = null } = {}) {
  if (!connections.has(channel)) connections.set(channel, new Live(channel, after));
  return connections.get(channel);
}

export class Live {
  constructor(channel, after = null, { source = (url) => new EventSource(url), fetcher = (url) => fetch(url, { headers: { Accept: "application/json" } }), now = () => Date.now() } = {}) {
    Object.assign(this, { channel, seq: after, makeSource: source, fetcher, now });
    this.listeners = { event: new Set(), state: new Set(), caughtup: new Set() };
    this.state = "connecting";
    this.heardAt = now();
    this.polledAt = 0;
    this.wasLost = false;
    this.open();
    this.timer = setInterval(() => this.watch(), WATCH_EVERY_MS);
  }

  on(what, listener) {
    this.listeners[what].add(listener);
    return () => this.listeners[what].delete(listener);
  }

  emit(what, detail) {
    for (const listener of this.listeners[what]) listener(detail);
  }

  open() {
    this.stream?.close();
    const from = this.seq === null ? "" : `&after=${this.seq}`;
    this.stream = this.makeSource(`/live?channel=${encodeURIComponent(this.channel)}${from}`);
    this.openedAt = this.now();
    this.stream.onopen = () => this.heard();
    this.stream.onmessage = (message) => this.take(message);
    for (const name of ["heartbeat", "ping", "hello"]) this.stream.addEventListener(name, (message) => this.beat(message));
  }

  beat(message) {
    const seq = Number(message.lastEventId || parsed(message.data)?.seq);
    if (this.seq === null && Number.isFinite(seq) && (message.lastEventId || message.data)) this.seq = seq;
    this.heard();
  }

  heard() {
    this.heardAt = this.now();
    if (this.wasLost) {
      this.wasLost = false;
      this.catchUp().then(() => this.emit("caughtup", { seq: this.seq }));
    }
    this.become("live");
  }

  take(message) {
    this.heard();
    const body = parsed(message.data);
    if (body) this.deliver({ ...body, seq: Number(message.lastEventId || body.seq) });
  }

  /** Hands on an event once, in the order of the numbers. */
  deliver(event) {
    if (Number.isFinite(event.seq)) {
      if (this.seq !== null && event.seq <= this.seq) return;
      this.seq = event.seq;
    }
    this.emit("event", event);
  }

  become(state) {
    const silentFor = Math.round((this.now() - this.heardAt) / 1000);
    this.state = state;
    this.emit("state", { state, silentFor });
  }

  watch() {
    const silent = this.now() - this.heardAt;
    if (silent >= LOST_AFTER_MS) {
      this.wasLost = true;
      this.become("lost");
      if (this.now() - this.polledAt >= POLL_EVERY_MS) this.catchUp();
      if (this.now() - this.openedAt >= LOST_AFTER_MS) this.open();
    } else {
      this.become(silent >= LATE_AFTER_MS ? "late" : this.state === "connecting" ? "connecting" : "live");
    }
  }

  /** Fetches what came since the last number. */
  async catchUp() {
    this.polledAt = this.now();
    try {
      const answer = await this.fetcher(`/live/since?channel=${encodeURIComponent(this.channel)}&after=${this.seq ?? ""}`);
      if (!answer.ok) return;
      const body = await answer.json();
      for (const event of body.events ?? []) this.deliver(event);
      if (this.seq === null && Number.isFinite(body.seq)) this.seq = body.seq;
      if (this.state === "lost") this.become("polling");
    } catch {
      // still cut off: the band says so and the next round tries again
    }
  }

  close() {
    clearInterval(this.timer);
    this.stream?.close();
    connections.delete(this.channel);
  }
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}
